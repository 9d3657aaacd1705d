/**
 * How much a script may make of itself. What stands in it once costs no more than the script is long; loops, functions
 * that call each other and values that double are stopped where they have gone on for as much again as these.
 */
import { countWords } from '../../model/count-words.ts'

/** Words, commands, rounds of loops. */
const MOST_STEPS = 1_000_000
/** Of commands and values, each time that they are expanded. */
const MOST_CHARACTERS = 4_000_000

/** Thrown where the budget is used up; `at`: from 0, through the whole script. */
export class Exhausted extends Error {
  readonly at: number

  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

export class Budget {
  /** Where the command stands that is carried out. */
  at = 0
  private steps: number
  private characters: number
  private readonly mostSteps: number
  private readonly mostCharacters: number

  constructor(script: string) {
    this.mostSteps = MOST_STEPS + 2 * script.length
    this.mostCharacters = MOST_CHARACTERS + 4 * script.length
    this.steps = this.mostSteps
    this.characters = this.mostCharacters
  }

  /** Throws Exhausted. */
  step(count = 1): void {
    this.steps -= count
    if (this.steps < 0) this.end(`${countWords(this.mostSteps)} steps`)
  }

  /** Throws Exhausted. */
  text(characters: number): void {
    this.characters -= characters
    if (this.characters < 0) this.end(`${countWords(this.mostCharacters)} characters of commands and values`)
  }

  private end(what: string): never {
    throw new Exhausted(this.at, `stopped after ${what}; the commands before this point are used`)
  }
}
