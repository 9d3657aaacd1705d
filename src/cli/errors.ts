/** Errors that were foreseen: a sentence for a person and an exit code; everything else is a bug and says so. */
export class UserError extends Error {
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

/** Who reads our output has gone (`| head`): stop, and say nothing. */
export class ClosedPipe extends Error {}

/** The system's reason in words: "no such file". */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
      return 'there is no such file'
    case 'EACCES':
    case 'EPERM':
      return 'it may not be read'
    case 'EISDIR':
      return 'it is a folder'
    case 'ENOSPC':
      return 'the disk is full'
    default:
      return message
  }
}
