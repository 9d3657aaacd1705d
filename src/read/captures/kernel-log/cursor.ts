/** From where to where in a text. */
export type Span = readonly [number, number]

/** Walks through a text; patterns are sticky (`y`). */
export class Cursor {
  readonly text: string
  at = 0

  constructor(text: string) {
    this.text = text
  }

  /** Goes on behind what stands here, if it is of this pattern. */
  take(pattern: RegExp): RegExpExecArray | null {
    const match = this.look(pattern)
    if (match) this.at += match[0].length
    return match
  }

  look(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    return pattern.exec(this.text)
  }
}
