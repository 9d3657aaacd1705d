/** How wide text is on a terminal. */

/** East Asian letters and emoji fill two columns, combining marks none. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\uff01-\uff60\u3000-\u303f]/u
const COMBINING = /\p{M}/u

/** ASCII and the signs of our own reports, a column each; the expressions above take milliseconds until they can be asked. */
const PLAIN = /^[\x20-\x7e×–—…→⇒✓✗➜]*$/

/** As many columns as letters. */
export const isPlain = (text: string): boolean => PLAIN.test(text)

/** Columns that a terminal needs for it. */
export function columns(text: string): number {
  if (isPlain(text)) return text.length
  let sum = 0
  for (const char of text) sum += COMBINING.test(char) ? 0 : WIDE.test(char) ? 2 : 1
  return sum
}
