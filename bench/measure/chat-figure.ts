export interface ChatFigure {
  readonly name: string;
  readonly value: string;
  readonly goal: string;
  readonly met: boolean;
}
