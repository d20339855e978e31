// The names that the types of matrix-bot-sdk mention; see index.js.
interface Absent {
  readonly absent: never;
}
export type OlmMachine = Absent;
export type Attachment = Absent;
export declare const enum StoreType {
  Sqlite = 0,
}
