export interface Proof {
  way: string
}
