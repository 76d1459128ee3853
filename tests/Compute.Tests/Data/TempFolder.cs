using System.Text;

namespace MoeActors.Compute.Tests.Data;

/// <summary>A folder of one test, deleted with everything in it.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("moe-data-").FullName;

    public string At(string name) => Path.Combine(Root, name);

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllBytes(At(name), bytes);
        return At(name);
    }

    /// <summary>Text like prose: a few hundred words of a fixed random source, with a skewed frequency.</summary>
    public static string Prose(int words, int seed = 1)
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

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
