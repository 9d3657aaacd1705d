/** The little language of `-m u32`: numbers found in the packet's bytes, compared with ranges (libxt_u32.c). */
import { WordError } from '../extension.ts'
import { hex, readNumber } from './numbers.ts'

export interface U32Test {
  /** A number, then what is done with it. */
  location: { op?: '&' | '<<' | '>>' | '@'; number: number }[]
  /** Any of them; the last one included. */
  ranges: [number, number][]
}

/** XT_U32_MAXSIZE less one. */
const MAX = 10

const NUMBER = /^(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)/

/** `LOCATION=RANGE,RANGE&&LOCATION=…`; blanks may stand between all parts. Throws WordError. */
export function readU32(text: string): U32Test[] {
  const reader = new U32Reader(text)
  const tests: U32Test[] = []
  do tests.push(reader.test())
  while (reader.takes('&&'))
  reader.end()
  if (tests.length > MAX) throw new WordError(`at most ${MAX} tests can be joined by &&`)
  return tests
}

export const printU32 = (tests: readonly U32Test[]): string => `"${tests.map(printTest).join('&&')}"`

const printTest = ({ location, ranges }: U32Test): string =>
  `${location.map(({ op = '', number }) => op + hex(number)).join('')}=${ranges.map(printValue).join(',')}`

const printValue = ([low, high]: [number, number]): string => (low === high ? hex(low) : `${hex(low)}:${hex(high)}`)

class U32Reader {
  private rest: string
  private readonly text: string

  constructor(text: string) {
    this.text = text
    this.rest = text.trimStart()
  }

  test(): U32Test {
    const location: U32Test['location'] = [{ number: this.number() }]
    for (let op = this.operator(); op; op = this.operator()) location.push({ op, number: this.number() })
    if (!this.takes('=')) throw this.error('an operator or =')
    const ranges: U32Test['ranges'] = []
    do {
      const low = this.number()
      ranges.push([low, this.takes(':') ? this.number() : low])
    } while (this.takes(','))
    if (location.length > MAX) throw new WordError(`at most ${MAX} numbers can be in one location`)
    if (ranges.length > MAX) throw new WordError(`at most ${MAX} ranges can be listed`)
    return { location, ranges }
  }

  end(): void {
    if (this.rest !== '') throw this.error('"," or "&&"')
  }

  takes(sign: string): boolean {
    if (!this.rest.startsWith(sign)) return false
    this.rest = this.rest.slice(sign.length).trimStart()
    return true
  }

  private operator(): '&' | '<<' | '>>' | '@' | undefined {
    return (['&', '<<', '>>', '@'] as const).find((op) => this.takes(op))
  }

  private number(): number {
    const digits = NUMBER.exec(this.rest)?.[0]
    if (digits === undefined) throw this.error('a number')
    this.takes(digits)
    return readNumber(digits)
  }

  private error(expected: string): WordError {
    return new WordError(
      `"${this.text}", character ${this.text.length - this.rest.length + 1}: ${expected} is expected`,
    )
  }
}
