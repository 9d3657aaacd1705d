/** Colours, and nothing where there are to be none. */
const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const

export type Style = keyof typeof CODES
/** Gives the text in these styles; it must not hold a line break. */
export type Paint = (text: string, ...styles: readonly Style[]) => string

export const makePaint = (colour: boolean): Paint => (colour ? coloured : (text) => text)

const coloured: Paint = (text, ...styles) =>
  text === ''
    ? ''
    : styles.map((style) => `\x1b[${CODES[style][0]}m`).join('') +
      text +
      styles.map((style) => `\x1b[${CODES[style][1]}m`).join('')
