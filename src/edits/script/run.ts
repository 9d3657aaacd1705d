/**
 * A shell script as the edits that it makes. Nothing is ever run: commands of the tools that are understood become edits,
 * variables have the values that the script itself gives them, and what hangs on anything else is passed over, and told.
 */
import type { Edit } from '../../model/edit.ts'
import { CommandProblem } from '../problem.ts'
import type { ShellToken } from '../shell.ts'
import { isTool, parseTokens, withoutPrefixes } from '../tools.ts'
import { Budget, Exhausted } from './budget.ts'
import { HARMLESS, runBuiltin, type Shell, testWords } from './builtins.ts'
import type { RawToken } from './lexer.ts'
import { matchesPattern } from './patterns.ts'
import { hidesErrors, withoutRedirected } from './redirections.ts'
import { restoreEdits } from './restore.ts'
import { Leave, type Status } from './status.ts'
import { type Item, type List, type Node, parseScript } from './syntax.ts'
import { ASSIGNMENT, Variables } from './variables.ts'

export interface ScriptOptions {
  /** Why the edit is refused; undefined: it went through. */
  apply(edit: Edit): string | undefined
  /** Takes what is not understood, or was refused; may throw it. Columns count through the whole script. */
  problem(problem: CommandProblem, kind: ProblemKind): void
  /** Nobody knows whether a command goes through, so what is run only if it does not is a problem. */
  alwaysSucceeds?: true
}

export type ProblemKind = 'command-not-understood' | 'command-failed' | 'not-run' | 'cut-short'

/** Compound commands in each other, functions that are called in them, and shells of their own. */
const MOST_DEEP = 300
const MOST_CALLS_DEEP = 50
/** What they cost besides their words, where the command is carried out again. */
const STEPS_OF_AN_EDIT = 10
const STEPS_OF_A_PROBLEM = 30

export class ScriptRun {
  private readonly script: string
  private readonly options: ScriptOptions
  private readonly budget: Budget
  private readonly shell: Shell
  /** Where this script begins in the one that a person sees. */
  private offset = 0
  private readonly functions = new Map<string, Node>()
  /** Was there any command? */
  private any = false
  private depth = 0
  private calls = 0
  private readonly carriedOut = new WeakSet<Node>()
  /** Has the command at hand been carried out before? */
  private repeated = false
  /** In a shell of its own that a command carried out again has begun. */
  private alwaysRepeats = false

  constructor(script: string, options: ScriptOptions, budget = new Budget(script)) {
    this.script = script
    this.options = options
    this.budget = budget
    this.shell = { variables: new Variables(budget), stopsAtErrors: false }
  }

  /** Whether there was any command. Throws what `problem` throws. */
  run(): boolean {
    const { list, problem } = parseScript(this.script)
    // a command that a person types is taken as a whole
    if (problem && this.options.alwaysSucceeds) this.options.problem(problem, 'command-not-understood')
    try {
      this.list(list, false)
    } catch (error) {
      if (error instanceof CommandProblem) this.options.problem(error, 'command-not-understood')
      else if (error instanceof Exhausted)
        this.options.problem(new CommandProblem({ column: error.at + 1, text: '' }, error.message), 'cut-short')
      else if (!(error instanceof Leave)) throw error
    }
    if (problem && !this.options.alwaysSucceeds) this.options.problem(problem, 'command-not-understood')
    return this.any
  }

  /** `asked`: its outcome is asked for, so a failure is no error. */
  private list(items: List, asked: boolean): Status {
    let status: Status = 'ok'
    for (const [i, item] of items.entries()) {
      const { after } = item
      if (after && status === 'unknown') {
        this.passOver(item.command, `it is unknown whether the command before "${after.text}" succeeds`)
        continue
      }
      if (after && (status === 'ok') !== (after.text === '&&')) {
        if (after.text === '||' && this.options.alwaysSucceeds)
          throw new CommandProblem({ column: after.at + 1, text: '||' }, 'nfwhy does not read the command after "||"')
        continue
      }
      const next = items[i + 1]?.after
      status = this.item(item, asked || next?.text === '||')
      if (status === 'failed' && this.shell.stopsAtErrors && !asked && !next && !item.negated) {
        this.tell(item.command, 'the script ends here, because of set -e', 'not-run')
        throw new Leave('script', 'failed')
      }
    }
    return status
  }

  private item({ command, negated }: Item, asked: boolean): Status {
    const status = this.node(command, asked)
    if (!negated || status === 'unknown') return status
    return status === 'ok' ? 'failed' : 'ok'
  }

  private node(node: Node, asked: boolean): Status {
    this.budget.at = this.offset + node.at
    this.budget.step()
    this.repeated = this.alwaysRepeats || this.carriedOut.has(node)
    this.carriedOut.add(node)
    if (node.kind === 'command') return this.command(node.tokens, node, asked)
    if (++this.depth > MOST_DEEP) this.tooDeep(node)
    try {
      return this.compound(node, asked)
    } finally {
      this.depth--
    }
  }

  private compound(node: Exclude<Node, { kind: 'command' }>, asked: boolean): Status {
    switch (node.kind) {
      case 'for':
        return this.for(node, asked)
      case 'if':
        return this.if(node, asked)
      case 'case':
        return this.case(node, asked)
      case 'function':
        this.functions.set(node.name, node.body)
        this.any = true
        return 'ok'
      case 'group':
        return node.subshell ? this.subshell(node.body, asked) : this.list(node.body, asked)
      default:
        this.passOver(node, `${node.what} is not understood`)
        return 'unknown'
    }
  }

  private subshell(body: List, asked: boolean): Status {
    const outside = this.shell.variables
    this.shell.variables = outside.inner()
    try {
      return this.list(body, asked)
    } catch (error) {
      if (error instanceof Leave && error.what === 'script') return error.status
      throw error
    } finally {
      this.shell.variables = outside
    }
  }

  private for({ name, items, body, ...node }: Node & { kind: 'for' }, asked: boolean): Status {
    const words = items
      ? this.shell.variables.expand(items)
      : this.shell.variables.allArguments()?.map((text) => ({ text }))
    if (!words || words instanceof CommandProblem) {
      const why = words ? `${words.error.message} (${words.error.word})` : 'the words of "for" are unknown'
      this.passOver({ ...node, name, body }, why)
      return 'unknown'
    }
    let status: Status = 'ok'
    for (const { text } of words) {
      this.budget.step()
      this.shell.variables.set(name, text)
      status = this.list(body, asked)
    }
    return status
  }

  private if({ arms, otherwise, ...node }: Node & { kind: 'if' }, asked: boolean): Status {
    for (const { condition, body } of arms) {
      const status = this.silently(() => this.list(condition, true))
      if (status === 'ok') return this.list(body, asked)
      if (status === 'unknown') {
        this.passOver({ ...node, arms }, 'its condition is unknown')
        return 'unknown'
      }
    }
    return otherwise ? this.list(otherwise, asked) : 'ok'
  }

  private silent = 0
  private quiet = 0

  /** What is not understood of a condition makes it unknown, and that is told. */
  private silently<T>(run: () => T): T {
    this.silent++
    try {
      return run()
    } finally {
      this.silent--
    }
  }

  /** The script itself does not want to hear of errors: `2>/dev/null` behind a function. */
  private quietly<T>(run: () => T): T {
    this.quiet++
    try {
      return run()
    } finally {
      this.quiet--
    }
  }

  private case({ word, arms, ...node }: Node & { kind: 'case' }, asked: boolean): Status {
    const value = this.shell.variables.value(word.text)
    if (value === undefined) {
      this.passOver({ ...node, word, arms }, `the value of ${word.text} is not known`)
      return 'unknown'
    }
    for (const { patterns, body } of arms)
      for (const pattern of patterns) {
        const wanted = this.shell.variables.value(pattern)
        const matches = wanted === undefined ? false : matchesPattern(value, wanted)
        if (matches) return this.list(body, asked)
        if (matches === undefined) {
          this.passOver({ ...node, word, arms }, 'a pattern and its text are too long to be compared')
          return 'unknown'
        }
      }
    return 'ok'
  }

  private command(raw: readonly RawToken[], node: Node, asked: boolean): Status {
    this.any = true
    const assigned = raw.findIndex(({ kind, text }) => kind === 'operator' || !ASSIGNMENT.test(text))
    if (assigned < 0) return this.shell.variables.assign(raw)
    if (DECLARES.includes(raw[0]!.text)) return this.shell.variables.assign(raw.slice(1))
    const tokens = this.shell.variables.expand(raw)
    if (tokens instanceof CommandProblem) return this.tellProblem(tokens)
    const words = withoutPrefixes(withoutRedirected(tokens))
    const [first, ...others] = words
    if (!first) return raw.length > 0 && tokens.length > 0 ? this.tools(tokens, node, asked) : 'ok'
    const own = this.functions.get(first.text)
    if (own)
      return hidesErrors(tokens) ? this.quietly(() => this.call(own, others, asked)) : this.call(own, others, asked)
    const texts = others.map(({ text }) => text)
    if (['.', 'source', 'eval'].includes(first.text))
      return this.tellProblem(new CommandProblem(first, `the script that "${first.text}" reads is unknown here`))
    const builtin = runBuiltin(first.text, texts, this.shell)
    if (builtin) return builtin
    const status = testWords(first.text, texts)
    if (status) return status
    const document = raw.find(({ body }) => body)
    if (document) return this.restore(document, words, tokens, asked)
    if (/^(ba|da)?sh$/.test(first.text.replace(/^.*\//, '')) && texts[0] === '-c' && texts.length === 2)
      return this.inner(others[1]!, asked)
    const toFile = tokens.some(({ kind, text }) => kind === 'operator' && /^1?>|^\|/.test(text))
    if (HARMLESS.includes(first.text) && !(first.text === 'echo' && toFile)) return 'ok'
    return this.tools(tokens, node, asked)
  }

  private call(body: Node, words: readonly { text: string }[], asked: boolean): Status {
    const before = this.shell.variables.arguments
    if (++this.calls > MOST_CALLS_DEEP) this.tooDeep(body)
    this.shell.variables.arguments = { words: words.map(({ text }) => text), from: 0 }
    try {
      return this.node(body, asked)
    } catch (error) {
      if (error instanceof Leave && error.what === 'function') return error.status
      throw error
    } finally {
      this.calls--
      this.shell.variables.arguments = before
    }
  }

  /** `sh -c 'COMMANDS'`, in a shell of its own. */
  private inner({ text, column }: ShellToken, asked: boolean): Status {
    this.budget.text(text.length)
    try {
      // behind the quote
      const problem: ScriptOptions['problem'] = (one, kind) => this.options.problem(one.behind(column), kind)
      const inside = new ScriptRun(text, { ...this.options, problem }, this.budget)
      inside.offset = this.offset + column
      inside.depth = this.depth + 1
      inside.alwaysRepeats = this.repeated || this.alwaysRepeats
      const parsed = parseScript(text)
      const status = inside.list(parsed.list, asked)
      return parsed.problem ? this.tellProblem(parsed.problem.behind(column)) : status
    } catch (problem) {
      if (problem instanceof CommandProblem) return this.tellProblem(problem)
      if (problem instanceof Leave) return problem.status
      throw problem
    }
  }

  /** `iptables-restore <<END`, `ipset restore <<END`. */
  private restore(document: RawToken, words: readonly ShellToken[], tokens: ShellToken[], asked: boolean): Status {
    const { text, quoted } = document.body!
    const body = quoted ? text : this.shell.variables.value(`"${text.replaceAll('"', '\\"')}"`)
    this.budget.text(text.length)
    const edits = body === undefined ? undefined : restoreEdits(words, body)
    if (!edits) {
      const why =
        body === undefined ? 'not all of its variables are known' : 'the command that reads it is not understood'
      return this.tellProblem(new CommandProblem({ column: document.at + 1, text: document.text }, why))
    }
    let status: Status = 'ok'
    for (const { edit, otherwise, problem } of edits) {
      this.again(STEPS_OF_AN_EDIT)
      if (problem) this.tellProblem(problem.behind(document.at))
      const refused = edit && this.options.apply(edit)
      const still = refused !== undefined && otherwise ? this.options.apply(otherwise) : refused
      if (still !== undefined && !asked) this.refused(tokens[0]!, still)
      if (still !== undefined) status = 'failed'
    }
    return status
  }

  private tools(tokens: readonly ShellToken[], node: Node, asked: boolean): Status {
    let edits: Edit[]
    try {
      edits = parseTokens(tokens)
    } catch (problem) {
      if (problem instanceof CommandProblem) return this.tellProblem(problem)
      throw problem
    }
    const quiet = asked || this.silent > 0 || this.quiet > 0 || hidesErrors(tokens)
    for (const edit of edits) {
      this.again(STEPS_OF_AN_EDIT)
      const refused = this.options.apply(edit)
      if (refused === undefined) continue
      const isQuestion = edit.kind === 'rule' && edit.op === 'check'
      if (!quiet && !isQuestion) this.refused({ column: node.at + 1, text: this.sourceOf(node) }, refused)
      return 'failed'
    }
    // what it shows, nobody knows
    return edits.length === 0 && isTool(tokens) && !this.options.alwaysSucceeds ? 'unknown' : 'ok'
  }

  private again(steps: number): void {
    if (this.repeated) this.budget.step(steps)
  }

  private tooDeep(node: Node): never {
    throw new CommandProblem({ column: node.at + 1, text: '' }, 'functions call each other too deep')
  }

  private refused(word: { column: number; text: string }, message: string): void {
    this.options.problem(new CommandProblem(word, message), 'command-failed')
  }

  private tellProblem(problem: CommandProblem): 'unknown' {
    this.again(STEPS_OF_A_PROBLEM)
    if (this.silent === 0) this.options.problem(problem, 'command-not-understood')
    return 'unknown'
  }

  private tell(node: Node, message: string, kind: ProblemKind): void {
    this.again(STEPS_OF_A_PROBLEM)
    this.options.problem(new CommandProblem({ column: node.at + 1, text: this.sourceOf(node) }, message), kind)
  }

  private passOver(node: Node, why: string): void {
    if (this.silent === 0) this.tell(node, `${why}: skipped`, 'not-run')
  }

  /** Its first line. */
  private sourceOf(node: Node): string {
    const text = this.script.slice(node.at, Math.min(node.end, node.at + MOST_SHOWN))
    return text.split('\n', 1)[0]!.trimEnd()
  }
}

/** Of a command that is named in a message. */
const MOST_SHOWN = 1000

const DECLARES = ['export', 'readonly', 'local', 'declare', 'typeset']
