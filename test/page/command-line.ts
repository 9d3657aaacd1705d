/** What the command line prints, to compare the page with. */
import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const NFWHY = fileURLToPath(new URL('../../bin/nfwhy.js', import.meta.url))

/** Its standard output; it ends with 1 where something failed, and fails here with any other code. */
export const commandLine = (...args: string[]): string => commandLineWith('', ...args)

/** The same with `input` as its standard input. */
export function commandLineWith(input: Buffer | '', ...args: string[]): string {
  try {
    return execFileSync(process.execPath, [NFWHY, ...args], {
      encoding: 'utf8',
      input,
      stdio: ['pipe', 'pipe', 'ignore'],
      maxBuffer: 1 << 28,
    })
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string }
    if (status !== 1) throw error
    return stdout
  }
}

/** Several at once, and what each prints. */
export const commandLines = (...all: readonly (readonly string[])[]): Promise<string[]> =>
  Promise.all(
    all.map(
      (args) =>
        new Promise<string>((done, failed) => {
          execFile(process.execPath, [NFWHY, ...args], { maxBuffer: 1 << 28 }, (error, stdout) => {
            if (error && error.code !== 1) failed(error)
            else done(stdout)
          }).stdin!.end()
        }),
    ),
  )

/** A report's first group: up to its next headline, or the counts. */
export const firstBlock = (text: string): string => text.slice(0, text.search(/\n\n(?! )/))
