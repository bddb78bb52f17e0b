/** Pages are small and local. One word is enough, and only screen reader users need it. */
export default function PageLoading() {
  return (
    <p role="status" className="sr-only">
      Loading
    </p>
  );
}
