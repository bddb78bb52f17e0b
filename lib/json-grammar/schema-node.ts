import type { Limit } from "./decimal-range";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface PropertyNode {
  readonly name: string;
  readonly node: SchemaNode;
  readonly isRequired: boolean;
}

/** A JSON schema reduced to what a grammar can say. `path` is the place in the schema. */
export type SchemaNode =
  | { readonly kind: "any" | "boolean" | "null" }
  | { readonly kind: "reference"; readonly target: string; readonly path: string }
  | { readonly kind: "choice"; readonly nodes: readonly SchemaNode[] }
  | { readonly kind: "values"; readonly values: readonly JsonValue[]; readonly isConst: boolean }
  | {
      readonly kind: "object";
      readonly properties: readonly PropertyNode[];
      /** null when no other properties are allowed. */
      readonly others: SchemaNode | null;
    }
  | {
      readonly kind: "array";
      readonly first: readonly SchemaNode[];
      /** null when the array ends after `first`. */
      readonly rest: SchemaNode | null;
      readonly least: number;
      readonly most: number | null;
    }
  | { readonly kind: "string"; readonly least: number; readonly most: number | null }
  | { readonly kind: "pattern"; readonly pattern: string; readonly path: string }
  | { readonly kind: "format"; readonly format: StringFormat }
  | { readonly kind: "integer"; readonly least: number | null; readonly most: number | null }
  | { readonly kind: "number"; readonly from: Limit | null; readonly to: Limit | null; readonly path: string };

/** The formats that have a rule. */
export const stringFormats = ["date", "time", "date-time", "uuid", "email", "hostname", "ipv4", "uri"] as const;
export type StringFormat = (typeof stringFormats)[number];

/** A schema with everything that it refers to. */
export interface SchemaDocument {
  readonly root: SchemaNode;
  /** By the reference as it is written, "#/$defs/item". */
  readonly targets: ReadonlyMap<string, SchemaNode>;
}
