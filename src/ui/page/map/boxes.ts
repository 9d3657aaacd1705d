/** Hooks as boxes with their chains. Lengths are pixels. */
import type { StepOf, WayOf } from '../../protocol.ts'

/** A row of text. */
export const LINE = 16
/** Between lines in a box. */
export const LANE = 11
/** Between lines beside boxes. */
export const SIDE_LANE = 7

/** What happened in a chain: a step where it is unfolded, what a step changed, and where a line ends. */
export interface Note {
  kind: 'step' | 'rule' | 'change' | 'end'
  /** Of its first row. */
  y: number
  rows: string[]
  step: StepOf
  way: WayOf
}

export interface Chain {
  name: string
  rows: string[]
  /** Priority, policy, number of rules. */
  title: string
  /** Absent: one of the kernel's own steps. */
  key?: string
  y: number
  notes: Note[]
  isMet: boolean
}

export interface Box {
  hook: string
  way: string
  x: number
  y: number
  width: number
  height: number
  /** Below all boxes of its row. */
  below: number
  chains: Chain[]
}
