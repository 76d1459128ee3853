using System.Text;

namespace MoeActors.Compute.Tests.Data;

/// <summary>Text to train tokenizers and schedules on.</summary>
internal static class Prose
{
    /// <summary>Text like prose: a few hundred words of a fixed random source, with a skewed frequency.</summary>
    public static string Of(int words, int seed = 1)
    {
        var random = new Random(seed);
        string[] lexicon = [.. Enumerable.Range(0, 300).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => (char)('a' + random.Next(26)))))];
        var text = new StringBuilder();
        for (int i = 0; i < words; i++)
        {
            text.Append(lexicon[(int)(Math.Pow(random.NextDouble(), 3) * lexicon.Length)]).Append(i % 12 == 11 ? ".\n" : " ");
        }

        return text.ToString();
    }
}
