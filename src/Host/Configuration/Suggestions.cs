namespace MoeActors.Host.Configuration;

/// <summary>Finds what somebody probably meant.</summary>
internal static class Suggestions
{
    /// <summary>The candidate nearest to <paramref name="written"/>, or null when none is near.</summary>
    public static string? Nearest(string written, IEnumerable<string> candidates)
    {
        string? best = null;
        int bestDistance = int.MaxValue;
        foreach (string candidate in candidates.Order(StringComparer.Ordinal))
        {
            int distance = Distance(written, candidate);

            // A key whose section was forgotten or mistaken: the last part says what was meant.
            if (LastPart(written) == LastPart(candidate))
            {
                distance = Math.Min(distance, 2);
            }

            if (distance < bestDistance)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return bestDistance <= Math.Max(2, written.Length / 3) ? best : null;
    }

    /// <summary>Levenshtein distance: insertions, deletions and replacements.</summary>
    public static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[b.Length];
    }

    private static string LastPart(string key) => key[(key.LastIndexOf('.') + 1)..];
}
