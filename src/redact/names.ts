/** Names of people's own → made-up ones, the same for the same; words that everybody uses stay. */
import { KEPT_WORDS } from './kept-words.ts'
import type { KeyedHash } from './keyed.ts'

/** Neither hexadecimal digits nor vowels: no address and no word comes of them. */
const LETTERS = 'gjklmnpqrstvwxz'
const LENGTH = 7

export class Names {
  private readonly hash: KeyedHash
  /** Hosts that were named so far. */
  private readonly hosts = new Set<string>()
  /** How long they are, longest first, and where one of them may begin. */
  private lengths: number[] = []
  private readonly firsts = new Set<string>()
  private begins: RegExp | undefined

  constructor(hash: KeyedHash) {
    this.hash = hash
  }

  /** Text of people's own: hosts and words replaced. `\n` and its like are JSON's. */
  text(text: string): string {
    return this.hostsIn(text, (between) =>
      between.replace(WORDS, (word) => {
        if (word.startsWith('\\')) return /^\\u/.test(word) ? '?' : word
        return this.word(word)
      }),
    )
  }

  /** A word; those that everybody uses (`drop`, `service`) are themselves. */
  word(word: string): string {
    const lower = word.toLowerCase()
    // eth0, port52000, and threads as the kernel's log names them: T123
    if (word.length === 1 || KEPT_WORDS.has(lower) || KEPT_WORDS.has(lower.replace(/\d+$/, ''))) return word
    return /^[CT]\d+$/.test(word) ? word : this.made(word)
  }

  /** A machine's name, with or without its domain; known from now on. */
  host(name: string): string {
    this.learn(name)
    return this.likeHost(name)
  }

  /** What a machine of this name becomes; a folder may be named as its machine is, or as anything else. */
  likeHost(name: string): string {
    return name === '' || KEPT_HOSTS.has(name) ? name : this.hostWord(name)
  }

  /** From now on it is replaced wherever it stands; the short one of a full name too. */
  learn(name: string): void {
    for (const one of new Set([name, name.split('.')[0]!])) {
      if (this.hosts.has(one) || one.length > LONGEST || one.length < SHORTEST || KEPT_WORDS.has(one.toLowerCase()))
        continue
      if (KEPT_HOSTS.has(one) || MADE.test(one) || /^[\d.:]+$/.test(one)) continue
      this.hosts.add(one)
      if (!this.lengths.includes(one.length)) this.lengths = [...this.lengths, one.length].sort((a, b) => b - a)
      if (this.firsts.has(one[0]!)) continue
      this.firsts.add(one[0]!)
      const letters = [...this.firsts].map((letter) => letter.replace(/[\]\\^-]/, '\\$&'))
      this.begins = new RegExp(`(?<![A-Za-z0-9])[${letters.join('')}]`, 'g')
    }
  }

  /** Text with the hosts that are known replaced; `other`: what becomes of the text between them. */
  hostsIn(text: string, other: (text: string) => string = (between) => between): string {
    const { begins } = this
    if (!begins) return other(text)
    let result = ''
    let done = 0
    begins.lastIndex = 0
    for (let match = begins.exec(text); match; match = begins.exec(text)) {
      const name = this.hostAt(text, match.index)
      if (name === undefined) continue
      result += other(text.slice(done, match.index)) + this.hostWord(name)
      done = match.index + name.length
      begins.lastIndex = done
    }
    return result + other(text.slice(done))
  }

  /** The longest that stands there as a word. */
  private hostAt(text: string, at: number): string | undefined {
    for (const length of this.lengths) {
      const name = text.slice(at, at + length)
      if (this.hosts.has(name) && !/[A-Za-z0-9]/.test(text[at + length] ?? '')) return name
    }
    return undefined
  }

  private hostWord(name: string): string {
    // the short name is the full one's beginning still
    const [short = '', ...domain] = name.split('.')
    return [`host-${this.made(short)}`, ...domain.map((label) => this.made(label))].join('.')
  }

  private made(word: string): string {
    let [low, high] = this.hash.hash(new TextEncoder().encode(`n${word}`))
    let text = ''
    for (let i = 0; i < LENGTH; i++) {
      text += LETTERS[low % LETTERS.length]
      low = Math.floor(low / LETTERS.length) ^ (high & 0xff)
      low >>>= 0
      high >>>= 8
    }
    return text
  }
}

/** An escape, or a word. */
const WORDS = /\\u[\da-fA-F]{4}|\\.|(?<![\p{L}\p{N}])\p{L}[\p{L}\p{N}]*/gu
/** Longer than any machine's (RFC 1035). */
const LONGEST = 255
/** Shorter names are words like others. */
const SHORTEST = 3
const MADE = /^host-[gjklmnpqrstvwxz]{7}$/
const KEPT_HOSTS = new Set(['localhost', 'localhost.localdomain', 'kernel', '-', '(none)', 'OpenWrt'])
