/** Pages are small and local: a word is enough, and only for those who hear the page. */
export default function PageLoading() {
  return (
    <p role="status" className="sr-only">
      Loading
    </p>
  );
}
