/** Any text as a label of Mermaid's, which takes markup, its own keywords and entity codes in quotes as well. */
import { wrap } from '../text/layout.ts'

/** Characters of one text, and of a line in a box. */
const MOST = 300
const WIDTH = 60

/** What Mermaid or a browser might read as something else is written by its number (`#60;`). */
const label = (text: string): string =>
  [...text].map((one) => (PLAIN.test(one) ? one : `#${one.codePointAt(0)};`)).join('')

const PLAIN = /[\p{L}\p{N} .,:/=+()!?…→⇒✗✓↩–-]/u

function cut(text: string): string {
  const characters = [...text]
  return characters.length > MOST ? `${characters.slice(0, MOST - 1).join('')}…` : text
}

/** Of lines of text one label; `<br>` is the only markup that stands in it. */
export const lines = (...texts: readonly (string | undefined)[]): string =>
  `"${texts
    .filter((one) => one !== undefined && one !== '')
    .flatMap((one) => wrap(cut(one!), WIDTH))
    .map(label)
    .join('<br>')}"`

/** For a comment, which ends with the line; `%%{` would be a directive. */
export const comment = (text: string): string => `%% ${cut(text).replaceAll(/[{}\r\n]/g, ' ')}`
