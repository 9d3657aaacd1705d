/** Journeys of one class differ in values of their own alone; all else that is said of them they share. */

export type Value = string | number | boolean | undefined

/** Good until the next one is asked for. */
export interface Member {
  /** The same object for all of a class. */
  kind: object
  /** What each value is. */
  names: readonly string[]
  /** All that differs or may differ between journeys of the class. */
  values: readonly Value[]
}
