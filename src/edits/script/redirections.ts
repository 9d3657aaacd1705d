/** What a command does with files besides its own words. */
import type { ShellToken } from '../shell.ts'

/** The words without redirections and their files. */
export const withoutRedirected = (tokens: readonly ShellToken[]): ShellToken[] =>
  tokens.filter(({ kind }, i) => kind === 'word' && tokens[i - 1]?.kind !== 'operator')

/** `2>/dev/null` */
export const hidesErrors = (tokens: readonly ShellToken[]): boolean =>
  tokens.some(({ text }, i) => /^(2>>?|&>>?)$/.test(text) && tokens[i + 1]?.text === '/dev/null')
