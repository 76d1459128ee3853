namespace MoeActors.Compute.Data;

/// <summary>
/// Makes a byte-level BPE vocabulary from text (Sennrich et al. 2016, Algorithm 1, on bytes): distinct pieces are counted once, then the most frequent
/// pair of neighbours is merged until the vocabulary is full. Ties go to the smaller pair of ids, so the same text gives the same files.
/// </summary>
public static class BpeTrainer
{
    /// <summary>Pairs seen less often than this are not worth an id.</summary>
    public const long MinCount = 2;

    /// <summary>
    /// Trains on <paramref name="files"/>, in order. The vocabulary has at most <paramref name="size"/> ids, fewer when the text has no more frequent pairs.
    /// </summary>
    /// <param name="files">Text files, as <see cref="CorpusFiles"/> gives them.</param>
    /// <param name="size">Ids wanted, at least 256 (the single bytes).</param>
    /// <param name="progress">Told (ids so far, ids wanted) every thousand merges.</param>
    /// <param name="cancel">Stops between merges.</param>
    public static BpeVocabulary Train(IReadOnlyList<string> files, int size, Action<int, int>? progress = null, CancellationToken cancel = default)
    {
        Specs.SpecException.Require(size is >= 256 and <= 1 << 20, "tokenizer vocabulary", size, "from 256 (the single bytes) to 1048576");
        var tokens = new List<string>(size);
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var idOfByte = new int[256];
        foreach (byte b in ByteAlphabet.Order)
        {
            idOfByte[b] = tokens.Count;
            Add(ByteAlphabet.Of(b).ToString());
        }

        var pairs = new BpePairs(Count(files, cancel).Select(p => (p.Key.Select(b => idOfByte[b]).ToArray(), p.Value)));
        var merges = new List<string>();
        while (tokens.Count < size && pairs.Best(MinCount) is (int left, int right))
        {
            cancel.ThrowIfCancellationRequested();
            string joined = tokens[left] + tokens[right];

            // Two pairs can spell the same token ("ab"+"c", "a"+"bc"): it keeps its first id.
            if (!ids.TryGetValue(joined, out int id))
            {
                id = Add(joined);
                if (tokens.Count % 1000 == 0)
                {
                    progress?.Invoke(tokens.Count, size);
                }
            }

            merges.Add($"{tokens[left]} {tokens[right]}");
            pairs.Merge(left, right, id);
        }

        return new BpeVocabulary(ids, merges);

        int Add(string token)
        {
            ids.Add(token, tokens.Count);
            tokens.Add(token);
            return tokens.Count - 1;
        }
    }

    /// <summary>Distinct pieces with their counts, in the order of first appearance.</summary>
    private static Dictionary<byte[], long> Count(IReadOnlyList<string> files, CancellationToken cancel)
    {
        using var text = TextFiles.Open(files);
        var counts = new Dictionary<byte[], long>(ByteKeys.Instance);
        var lookup = counts.GetAlternateLookup<ReadOnlySpan<byte>>();
        text.Stream(0, text.Length, (bytes, last) =>
        {
            cancel.ThrowIfCancellationRequested();
            int done = 0, need = last ? 1 : PreTokens.Lookahead;
            while (bytes.Length - done >= need)
            {
                ReadOnlySpan<byte> piece = bytes.Slice(done, PreTokens.Next(bytes[done..]));
                lookup.TryGetValue(piece, out long n);
                lookup[piece] = n + 1;
                done += piece.Length;
            }

            return done;
        });

        return counts;
    }
}
