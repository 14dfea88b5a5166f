/** AWS list prices, us-east-1, US dollars, as of 2025-06: what a thing costs and in which unit it is counted. */
export const prices = {
  /** DynamoDB on-demand, Standard class: per write request unit (1 KiB), of the table or of an index. */
  writeUnit: 0.625 / 1e6,
  /** DynamoDB on-demand: per read request unit (4 KiB, consistent). */
  readUnit: 0.125 / 1e6,
  /** Lambda on arm64: per GB-second. */
  gigabyteSecond: 0.0000133334,
  /** Lambda: per request. */
  request: 0.2 / 1e6,
} as const;
