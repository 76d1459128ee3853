using System.Text;
using CsCheck;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Data;

public sealed class BpeTests : IDisposable
{
    private static readonly Lazy<BpeVocabulary> Trained = new(() =>
    {
        using var temp = new TemporaryFolder();
        return BpeTrainer.Train([temp.Write("a.txt", Prose.Of(3000))], 600, cancel: TestContext.Current.CancellationToken);
    });

    private readonly TemporaryFolder _temp = new();

    [Fact]
    public void A_trained_vocabulary_has_the_size_asked_for_and_compresses()
    {
        byte[] text = Encoding.UTF8.GetBytes(Prose.Of(3000));
        var ids = new List<int>();
        new BpeTokenizer(Trained.Value).Encode(text, last: true, ids);
        Assert.Equal(600, Trained.Value.Size);
        Assert.Equal(600 - 256, Trained.Value.Merges.Count);
        Assert.InRange(ids.Count, 1, text.Length / 2);
    }

    [Fact]
    public void Any_bytes_come_back()
    {
        var tokenizer = new BpeTokenizer(Trained.Value);
        Gen.OneOf(Gen.Byte.Array[0, 200], Gen.Byte.Array[1, 3].Select(b => Enumerable.Repeat(b, 900).SelectMany(x => x).ToArray()))
            .Sample(bytes => tokenizer.DecodeBytes(Ids(tokenizer, bytes)).AsSpan().SequenceEqual(bytes), iter: 300);
    }

    [Fact]
    public void Text_of_any_script_comes_back()
    {
        var tokenizer = new BpeTokenizer(Trained.Value);
        const string text = "Zoë's 東京 🙂\r\n\t\0 ﷽   <|endoftext|>  ";
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        Assert.Empty(tokenizer.Encode(""));
    }

    [Fact]
    public void Text_encoded_in_pieces_gets_the_same_ids() => (from text in Gen.String[Some.Of('a', 'b', ' ', '\n', 'é', '1', '\''), 0, 6000] from step in Gen.Int[1, 3000] select (text, step)).Sample(
        c =>
        {
            var tokenizer = new BpeTokenizer(Trained.Value);
            byte[] bytes = Encoding.UTF8.GetBytes(c.text);
            var ids = new List<int>();
            int done = 0;
            for (int end = 0; end < bytes.Length;)
            {
                end = Math.Min(end + c.step, bytes.Length);
                done += tokenizer.Encode(bytes.AsSpan(done, end - done), end == bytes.Length, ids);
            }

            return done == bytes.Length && ids.SequenceEqual(Ids(tokenizer, bytes));
        },
        iter: 40);

    [Fact]
    public void Merges_are_those_of_the_textbook()
    {
        // Sennrich et al. 2016, with a space in front of each word as pieces have it.
        string text = string.Concat(Enumerable.Repeat(" low", 5)) + string.Concat(Enumerable.Repeat(" lower", 2)) + string.Concat(Enumerable.Repeat(" newest", 6)) + string.Concat(Enumerable.Repeat(" widest", 3));
        BpeVocabulary v = BpeTrainer.Train([_temp.Write("a.txt", text)], 256 + 8, cancel: TestContext.Current.CancellationToken);

        // (e,s) and (s,t) occur 9 times, (es,t) too; the tie goes to the smaller ids.
        Assert.Equal("e s", v.Merges[0]);
        Assert.Equal("es t", v.Merges[1]);
        Assert.Equal("l o", v.Merges[2]);
        Assert.Contains(v.Merges, m => m.Replace(" ", "", StringComparison.Ordinal) == "Ġlow");
    }

    [Fact]
    public void Incremental_counts_choose_what_counting_anew_would() => Gen.String[Some.Of('a', 'b', 'c', ' '), 1, 120].Sample(
        text =>
        {
            BpeVocabulary v = BpeTrainer.Train([_temp.Write("p.txt", text)], 280, cancel: TestContext.Current.CancellationToken);
            Assert.Equal(Naive(text, 280), v.Merges);
        },
        iter: 200, threads: 1);

    [Fact]
    public void Files_hold_what_was_trained()
    {
        Trained.Value.Save(_temp.File("tok"));
        ITokenizer tokenizer = Tokenizers.Open(_temp.File("tok"));
        Assert.Equal(Trained.Value.Hash(), tokenizer.Hash);
        Assert.Equal(600, tokenizer.Vocabulary);
        Assert.Equal(["merges.txt", "vocab.json"], Directory.GetFiles(_temp.File("tok")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_same_text_gives_the_same_vocabulary_in_every_process() => Assert.Equal("35a93c771463330226f9598bdb6fa974", Trained.Value.Hash());

    [Fact]
    public void A_text_without_pairs_gives_the_single_bytes() => Assert.Equal(256, BpeTrainer.Train([_temp.Write("a.txt", "a")], 300, cancel: TestContext.Current.CancellationToken).Size);

    [Fact]
    public void Fewer_ids_than_bytes_are_refused() => Assert.Throws<SpecException>(() => BpeTrainer.Train([_temp.Write("a.txt", "a")], 255, cancel: TestContext.Current.CancellationToken));

    [Theory]
    [InlineData("vocab.json", "[1]", "not a vocabulary")]
    [InlineData("vocab.json", "{\"a\":0}", "lacks 255 of the 256")]
    [InlineData("vocab.json", "{\"a\":0,\"b\":0}", "id 0 belongs to \"a\" and to \"b\"")]
    [InlineData("vocab.json", "{\"a\":-1}", "id -1")]
    [InlineData("merges.txt", "#version: 0.2\na b c\n", "line 2")]
    [InlineData("merges.txt", "q zzz\n", "\"zzz\" is not in vocab.json")]
    public void A_wrong_file_is_named(string file, string contents, string expected)
    {
        Trained.Value.Save(_temp.File("tok"));
        _temp.Write($"tok/{file}", contents);
        string message = Assert.Throws<CorpusException>(() => Tokenizers.Open(_temp.File("tok"))).Message;
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void A_missing_file_is_named(string file)
    {
        Trained.Value.Save(_temp.File("tok"));
        File.Delete(_temp.File($"tok/{file}"));
        Assert.StartsWith(_temp.File($"tok/{file}"), Assert.Throws<CorpusException>(() => Tokenizers.Open(_temp.File("tok"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_is_named() =>
        Assert.StartsWith(_temp.File("none"), Assert.Throws<CorpusException>(() => Tokenizers.Open(_temp.File("none"))).Message, StringComparison.Ordinal);

    public void Dispose() => _temp.Dispose();

    private static List<int> Ids(BpeTokenizer tokenizer, byte[] bytes)
    {
        var ids = new List<int>();
        Assert.Equal(bytes.Length, tokenizer.Encode(bytes, last: true, ids));
        return ids;
    }

    /// <summary>Algorithm 1 of Sennrich et al., counting all pairs anew for each merge.</summary>
    private static List<string> Naive(string text, int size)
    {
        var names = ByteAlphabet.Order.Select(b => ByteAlphabet.Of(b).ToString()).ToList();
        var words = new List<List<int>>();
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int at = 0, n; at < bytes.Length; at += n)
        {
            n = PreTokens.Next(bytes.AsSpan(at));
            words.Add([.. bytes.Skip(at).Take(n).Select(b => names.IndexOf(ByteAlphabet.Of(b).ToString()))]);
        }

        var merges = new List<string>();
        while (names.Count < size)
        {
            var best = words.SelectMany(w => w.Zip(w.Skip(1))).GroupBy(p => p).Where(g => g.Count() >= 2).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).FirstOrDefault();
            if (best is null)
            {
                break;
            }

            (int a, int b) = best.Key;
            string joined = names[a] + names[b];
            int id = names.IndexOf(joined);
            if (id < 0)
            {
                names.Add(joined);
                id = names.Count - 1;
            }

            merges.Add($"{names[a]} {names[b]}");
            foreach (List<int> word in words)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] == a && word[i + 1] == b)
                    {
                        word[i] = id;
                        word.RemoveAt(i + 1);
                    }
                }
            }
        }

        return merges;
    }
}
