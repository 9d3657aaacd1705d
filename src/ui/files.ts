/** Files that the page opens, and what a server says of them. */

export type PageFile =
  | ({ name: string; folders?: readonly string[]; as?: string; mtime?: number } & (
      | { file: Blob }
      | { bytes: Uint8Array }
    ))
  | (ServedFile & {
      /** Where the worker reads it, a range of bytes at a time. */
      url: string
    })

/** As `nfwhy serve` lists it. */
export interface ServedFile {
  name: string
  /** The folders that it was found in, from the one that was named on; empty for a file that was named itself. */
  folders: readonly string[]
  /** What `--as` says it is. */
  as?: string
  /** Bytes. */
  size: number
  /** Of a file that grows: what was read of it stays so for as long as this is the same. */
  edition?: number
}

/** What `nfwhy serve --live` says of its trace. */
export interface LiveState {
  phase: 'tracing' | 'stopping' | 'ended'
  /** What is traced; empty: all packets. */
  filter: string
  /** Where, and by what. */
  where: string
  /** Milliseconds since 1970: it ends by itself then. */
  deadline: number
  /** What went wrong or has to be known, lines; the last ones. */
  said: string[]
  files: ServedFile[]
  /** Nothing has come for so long that no packet is under way. */
  isQuiet: boolean
}
