namespace MoeActors.Host.Commands;

/// <summary>Rows of a table that say the same but for their number share a line.</summary>
internal static class AlikeRows
{
    /// <summary>The runs of neighbours that are <paramref name="alike"/> to the first of the run, in order.</summary>
    public static IEnumerable<IReadOnlyList<T>> Of<T>(IReadOnlyList<T> items, Func<T, T, bool> alike)
    {
        for (int i = 0, end; i < items.Count; i = end)
        {
            for (end = i + 1; end < items.Count && alike(items[i], items[end]); end++)
            {
            }

            yield return [.. items.Skip(i).Take(end - i)];
        }
    }

    /// <summary>"3" or "3-5".</summary>
    public static string Numbers(int first, int count) => count == 1 ? $"{first}" : $"{first}-{first + count - 1}";
}
