/** A text for a sentence or a line: of a longer one its beginning. `most`: characters, of which the mark takes three. */
export const shortened = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 3)}…` : text
