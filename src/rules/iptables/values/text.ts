/** Text options of a fixed length in bytes that are cut off instead of refused (libxtables xtopt_parse_string). */
import { type Option, WordError, word } from '../extension.ts'
import { protect, quote } from '../words.ts'

/** Free text for people: one line, at least one byte, printed with libxtables' quoting. */
export const cutText = (max: number, more: Partial<Option<string>> = {}): Option<string> =>
  word(
    (text) => {
      if (text === '') throw new WordError('the text is empty')
      if (text.includes('\n')) throw new WordError('the text has a line break')
      return cut(text, max)
    },
    quote,
    more,
  )

/** Any text, printed with libxtables' quoting. */
export const quotedText = (max: number, more: Partial<Option<string>> = {}): Option<string> =>
  word((text) => cut(text, max), quote, more)

/** A name, printed without quotes where it is one word. */
export const cutName = (max: number, more: Partial<Option<string>> = {}): Option<string> =>
  word((text) => cut(text, max), protect, more)

function cut(text: string, max: number): string {
  const bytes = new TextEncoder().encode(text)
  // half a character at the end is kept as a replacement character
  return bytes.length <= max ? text : new TextDecoder().decode(bytes.slice(0, max))
}
