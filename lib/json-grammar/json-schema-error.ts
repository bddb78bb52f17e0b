/** A JSON schema that no grammar can express, or that is no schema. `path` points at the place, as in "#/properties/age". */
export class JsonSchemaError extends Error {
  override readonly name = "JsonSchemaError";

  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`${path}: ${reason}`);
  }
}
