/** None of our calls streams events: their codec would be the largest unused part of the SDK. */
export function eventStreamSerdeProvider(): never {
  throw new Error('The bundle has no event streams.');
}

export class EventStreamSerde {
  constructor() {
    throw new Error('The bundle has no event streams.');
  }
}
