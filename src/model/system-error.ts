/** What the system refuses, in words. */

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  EROFS: 'the file system is read-only',
  EIO: 'the system cannot read or write it (input/output error)',
  ENXIO: 'it is a socket',
  ELOOP: 'it is a symbolic link that leads back to itself',
  ENAMETOOLONG: 'the name is too long',
}

/** Node's ErrnoException, which browsers do not know. */
interface SystemError extends Error {
  code?: string
  syscall?: string
}

/** Did the system refuse (no such file, disk full), rather than our own code fail? */
export const isSystemError = (error: unknown): error is SystemError =>
  error instanceof Error && typeof (error as SystemError).syscall === 'string'

/** The system's reason in words: "there is no such file". */
export function reasonOf(error: unknown): string {
  const { code, message } = error as SystemError
  // without a known code: `EMFILE: too many open files, open '/some/path'`
  return REASONS[code ?? ''] ?? message.replace(/, \w+(?: '.*')?$/s, '')
}
