/** Variables in force: `define` in a block counts until its end. */
import type { Expression } from '../ast.ts'

interface Variable {
  value: Expression
  /** How many nodes it stands for. */
  size: number
}

/** More than the text itself has: so often may variables name variables. */
const MAX_EXPANDED = 500_000

export class Variables {
  private readonly scopes: Map<string, Variable>[] = [new Map()]
  /** Nodes put in place of names so far; bounded, because variables may name variables. */
  private expanded = 0
  private most = MAX_EXPANDED

  /** Another text of so many tokens is read. */
  allow(tokens: number): void {
    this.most += tokens
  }

  enter(): void {
    this.scopes.push(new Map())
  }

  leave(): void {
    this.scopes.pop()
  }

  define(name: string, value: Expression): void {
    this.scopes[this.scopes.length - 1]!.set(name, { value, size: sizeOf(value) })
  }

  /** The innermost block that has it changes it. */
  redefine(name: string, value: Expression): void {
    const scope = this.scopeOf(name)
    if (scope) scope.set(name, { value, size: sizeOf(value) })
    else this.define(name, value)
  }

  undefine(name: string): void {
    this.scopeOf(name)?.delete(name)
  }

  /** What it stands for; undefined where nothing defines it, `too large` where all of them together stand for too much. */
  valueOf(name: string): { value: Expression } | 'too large' | undefined {
    const found = this.scopeOf(name)?.get(name)
    if (!found) return undefined
    this.expanded += found.size
    return this.expanded > this.most ? 'too large' : found
  }

  private scopeOf(name: string): Map<string, Variable> | undefined {
    for (let i = this.scopes.length - 1; i >= 0; i--) if (this.scopes[i]!.has(name)) return this.scopes[i]
    return undefined
  }
}

function sizeOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  let size = 1
  for (const part of Object.values(value)) size += sizeOf(part)
  return size
}
