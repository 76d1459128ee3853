namespace MoeActors.Compute.Data;

/// <summary>
/// Encoded corpora on disk, one file for each (text, tokenizer, split). Any number of processes may ask at once: one encodes while the others wait for it
/// (a file lock, freed by the system when its holder dies), and a file appears whole or not at all.
/// </summary>
internal static class TokenCache
{
    // The system's "would block": another process holds the lock. Other errors of opening a lock file are real ones.
    private const int WouldBlock = 11;
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(50);

    /// <summary>The folder used where the caller names none: below the system's folder for temporary files, one for each user.</summary>
    public static string DefaultFolder => Path.Combine(Path.GetTempPath(), $"moe-actors-tokens-{Environment.UserName}");

    /// <summary>Opens the encoding of <paramref name="text"/>, made first where it is missing or damaged. The training part ends at byte <paramref name="cut"/>.</summary>
    public static TokenFile Open(TextFiles text, ITokenizer tokenizer, long cut, string folder)
    {
        string key = $"{text.Hash}-{tokenizer.Hash}-{cut}";
        string path = Path.Combine(folder, $"{key}.tokens");
        try
        {
            Directory.CreateDirectory(folder);
            if (TokenFile.Open(path, key) is { } ready)
            {
                return ready;
            }

            using FileStream held = Lock(path + ".lock");
            if (TokenFile.Open(path, key) is { } made)
            {
                return made;
            }

            // Only the holder of the lock writes: what else lies here was left by a process that was killed.
            foreach (string left in Directory.EnumerateFiles(folder, $"{key}.tokens.*.tmp"))
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

    private static FileStream Lock(string path)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
            }
            catch (IOException e) when (e.HResult == WouldBlock)
            {
                Thread.Sleep(Wait);
            }
        }
    }
}
