using Microsoft.Win32.SafeHandles;

using MoeActors.Compute.Files;

namespace MoeActors.Compute.Data;

/// <summary>
/// Encoded corpora on disk, one file for each (text, tokenizer, split). Any number of processes may ask at once: one encodes while the others wait for it
/// (a file lock, freed by the system when its holder dies), and a file appears whole or not at all.
/// </summary>
internal static class TokenCache
{
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(50);

    /// <summary>What was encoded longer ago goes when something new is encoded: encoding again costs minutes at most, space that nobody asks for costs for ever.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    /// <summary>Opens the encoding of <paramref name="text"/>, made first where it is missing or damaged. The training part ends at byte <paramref name="cut"/>.</summary>
    public static TokenFile Open(TextFiles text, ITokenizer tokenizer, long cut, string folder)
    {
        string key = $"{text.Hash}-{tokenizer.Hash}-{cut}";
        string path = Path.Combine(folder, $"{key}.tokens");
        try
        {
            TokenFolders.Demand(folder);
            if (TokenFile.Open(path, key) is { } ready)
            {
                return ready;
            }

            using SafeFileHandle held = Lock(path + ".lock");
            if (TokenFile.Open(path, key) is { } made)
            {
                return made;
            }

            // Only the holder of the lock writes: what else lies here was left by a process that was killed.
            foreach (string left in Directory.EnumerateFiles(folder, $"{key}.tokens.*{PrivateFiles.TemporarySuffix}").Concat(Old(folder)))
            {
                File.Delete(left);
            }

            TokenFile.Write(path, key, tokenizer.Vocabulary, (validation, write) => Encode(text, tokenizer, validation ? cut : 0, validation ? text.Length : cut, write));
            return TokenFile.Open(path, key) ?? throw new CorpusException($"{path}: does not hold what was just written to it: check the disk or name another cache folder");
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unwritable(path, e);
        }
    }

    private static void Encode(TextFiles text, ITokenizer tokenizer, long begin, long end, Action<List<int>> write)
    {
        var ids = new List<int>();
        text.Stream(begin, end - begin, (bytes, last) =>
        {
            int used = tokenizer.Encode(bytes, last, ids);
            write(ids);
            ids.Clear();
            return used;
        });
    }

    // Whoever has one mapped keeps it.
    private static IEnumerable<string> Old(string folder) =>
        Directory.EnumerateFiles(folder, "*.tokens").Where(f => TimeProvider.System.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(f) > Kept);

    private static SafeFileHandle Lock(string path)
    {
        SafeFileHandle? held;
        while ((held = PrivateFiles.TryLock(path)) is null)
        {
            Thread.Sleep(Wait);
        }

        return held;
    }
}
