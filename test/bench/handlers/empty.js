/** What every measured process costs before it does anything. */
export const handler = async () => ({ statusCode: 200, body: '{}' });
