namespace MoeActors.Compute.Data;

/// <summary>
/// Neighbouring pairs of a set of counted words, kept up to date as pairs are merged: only words that hold the merged pair are touched, the most frequent
/// pair comes from a heap whose stale entries are corrected when they surface.
/// </summary>
internal sealed class BpePairs
{
    private readonly List<Word> _words = [];
    private readonly Dictionary<(int Left, int Right), Pair> _pairs = [];
    private readonly PriorityQueue<(int Left, int Right), Rank> _heap = new();
    private readonly HashSet<(int Left, int Right)> _risen = [];

    /// <summary>Counts the pairs of <paramref name="words"/>: token ids and how often the word occurs.</summary>
    public BpePairs(IEnumerable<(int[] Tokens, long Count)> words)
    {
        foreach ((int[] tokens, long count) in words)
        {
            _words.Add(new Word(tokens, count));
            Count(_words.Count - 1, sign: 1);
        }

        foreach (((int Left, int Right) key, Pair pair) in _pairs)
        {
            _heap.Enqueue(key, new Rank(pair.Count, key));
        }
    }

    /// <summary>The most frequent pair, or null when none occurs <paramref name="minCount"/> times.</summary>
    public (int Left, int Right)? Best(long minCount)
    {
        while (_heap.TryDequeue(out (int Left, int Right) key, out Rank rank))
        {
            long count = _pairs.TryGetValue(key, out Pair? pair) ? pair.Count : 0;
            if (count < minCount)
            {
                continue;
            }

            if (count == rank.Count)
            {
                return key;
            }

            // A count only falls between two merges that touch it; a rise is pushed by Merge. A lower entry goes back with its true rank.
            if (count < rank.Count)
            {
                _heap.Enqueue(key, new Rank(count, key));
            }
        }

        return null;
    }

    /// <summary>Replaces each occurrence of (left, right), from the left, by <paramref name="joined"/>.</summary>
    public void Merge(int left, int right, int joined)
    {
        _risen.Clear();
        foreach (int w in _pairs[(left, right)].Words)
        {
            Word word = _words[w];
            Count(w, sign: -1);
            int to = 0;
            for (int from = 0; from < word.Length; from++)
            {
                bool here = from + 1 < word.Length && word.Tokens[from] == left && word.Tokens[from + 1] == right;
                word.Tokens[to++] = here ? joined : word.Tokens[from];
                from += here ? 1 : 0;
            }

            word.Length = to;
            Count(w, sign: 1, joined);
        }

        _pairs.Remove((left, right));
        foreach ((int Left, int Right) key in _risen)
        {
            _heap.Enqueue(key, new Rank(_pairs[key].Count, key));
        }
    }

    private void Count(int w, int sign, int joined = -1)
    {
        Word word = _words[w];
        for (int i = 0; i + 1 < word.Length; i++)
        {
            (int Left, int Right) key = (word.Tokens[i], word.Tokens[i + 1]);
            if (!_pairs.TryGetValue(key, out Pair? pair))
            {
                _pairs.Add(key, pair = new Pair());
            }

            pair.Count += sign * word.Count;
            bool isNew = joined < 0 || key.Left == joined || key.Right == joined;
            if (sign > 0 && isNew)
            {
                if (pair.Words.Count == 0 || pair.Words[^1] != w)
                {
                    pair.Words.Add(w);
                }

                if (joined >= 0)
                {
                    _risen.Add(key);
                }
            }
        }
    }

    private sealed class Word(int[] tokens, long count)
    {
        public int[] Tokens => tokens;

        public long Count => count;

        public int Length { get; set; } = tokens.Length;
    }

    private sealed class Pair
    {
        public long Count { get; set; }

        /// <summary>Words that hold, or once held, the pair; seldom one twice, which does no harm: the second visit finds nothing.</summary>
        public List<int> Words { get; } = [];
    }

    /// <summary>Higher counts first, then the smaller pair of ids.</summary>
    private readonly record struct Rank(long Count, (int Left, int Right) Key) : IComparable<Rank>
    {
        public int CompareTo(Rank other) => Count != other.Count ? other.Count.CompareTo(Count) : Key.CompareTo(other.Key);
    }
}
