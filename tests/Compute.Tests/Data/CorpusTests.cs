using System.Text;
using CsCheck;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Data;

public sealed class CorpusTests : IDisposable
{
    private readonly TemporaryFolder _temp = new();

    [Fact]
    public void Files_follow_each_other_with_a_newline_between() => Gen.Byte.Array[2, 9].Array[1, 80].Sample(
        files =>
        {
            using var temp = new TemporaryFolder();
            string[] paths = [.. files.Select((f, i) => temp.Write($"{i:d3}", f))];
            byte[] expected = [.. files.SelectMany((f, i) => i == 0 ? f : [(byte)'\n', .. f])];
            using Corpus corpus = Corpus.Open(new DataSpec { Paths = paths, ValidationShare = 0, Binary = true }, ByteTokenizer.Instance, 1);
            Assert.Equal(expected.Length, corpus.TrainTokens);
            Assert.Equal(expected, Read(corpus, false, 0, expected.Length));
            for (int i = 0; i < expected.Length; i += 3)
            {
                int n = Math.Min(5, expected.Length - i);
                Assert.Equal(expected.AsSpan(i, n).ToArray(), Read(corpus, false, i, n));
            }
        },
        iter: 20, threads: 1);

    [Fact]
    public void Validation_is_the_last_share_cut_as_a_decimal()
    {
        // 1115394 · 0.9 = 1003854.6: the split that nanoGPT's recipe makes of tinyshakespeare.
        string path = _temp.Write("t", new byte[1115394]);
        using Corpus corpus = Open(path);
        Assert.Equal(1003854, corpus.TrainTokens);
        Assert.Equal(111540, corpus.ValidationTokens);
    }

    [Fact]
    public void A_read_never_leaves_its_part()
    {
        using Corpus corpus = Open(_temp.Write("t", [.. Enumerable.Range(0, 200).Select(i => (byte)i)]));
        Assert.Equal([179], Read(corpus, false, 179, 1));
        Assert.Equal([180, 181], Read(corpus, true, 0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Read(corpus, false, 179, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Read(corpus, true, 19, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Read(corpus, true, -1, 1));
    }

    [Fact]
    public void The_hash_sees_contents_and_order_but_not_names()
    {
        string a = _temp.Write("a", "first text"), b = _temp.Write("b", "second text"), copy = _temp.Write("x/copy", "first text"), other = _temp.Write("c", "first texu");
        Assert.Equal(Hash(a, b), Hash(copy, b));
        Assert.NotEqual(Hash(a, b), Hash(b, a));
        Assert.NotEqual(Hash(a, b), Hash(other, b));
        Assert.NotEqual(Hash(_temp.Write("d", "ab"), _temp.Write("e", "cd")), Hash(_temp.Write("f", "abc"), _temp.Write("g", "d")));
        Assert.Equal("653f6e1395498a2ff1a53927f21d5d86", Hash(a, b));
    }

    [Fact]
    public void A_snapshot_is_the_same_text()
    {
        string[] files = [_temp.Write("a", Prose.Of(50)), _temp.Write("b", Prose.Of(60, 2))];
        CorpusSnapshot.Write(files, _temp.File("copy.txt"));
        using Corpus many = Open(files), one = Open(_temp.File("copy.txt"));
        Assert.Equal(Read(many, false, 0, (int)many.TrainTokens), Read(one, false, 0, (int)one.TrainTokens));
        Assert.Equal(Read(many, true, 0, (int)many.ValidationTokens), Read(one, true, 0, (int)one.ValidationTokens));
        Assert.Throws<CorpusException>(() => CorpusSnapshot.Write(files, _temp.File("no/such/folder")));
    }

    [Fact]
    public void A_file_changed_under_the_run_is_an_error_and_one_only_touched_is_not()
    {
        string path = _temp.Write("t", Prose.Of(100));
        using Corpus corpus = Open(path);
        byte[] before = Read(corpus, false, 0, 50);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(1));
        Assert.Equal(before, Read(corpus, false, 0, 50));
        File.WriteAllText(path, "short");
        Assert.StartsWith(path, Assert.Throws<CorpusException>(() => Read(corpus, false, 0, 50)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(60, 0.1, "the training part")]
    [InlineData(100, 0.1, "the validation part")]
    public void A_part_shorter_than_a_sequence_is_refused(int bytes, double share, string expected)
    {
        string path = _temp.Write("t", new byte[bytes]);
        string message = Assert.Throws<CorpusException>(() => Corpus.Open(new DataSpec { Paths = [path], ValidationShare = share, Binary = true }, ByteTokenizer.Instance, 64)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains("65", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_corpus_or_tokenizer_than_the_records_is_refused()
    {
        string path = _temp.Write("t", Prose.Of(100));
        var data = new DataSpec { Paths = [path], CorpusHash = Hash(path), TokenizerHash = ByteTokenizer.Instance.Hash };
        Corpus.Open(data, ByteTokenizer.Instance, 8).Dispose();
        Assert.Contains("data", Assert.Throws<CorpusException>(() => Corpus.Open(data with { CorpusHash = new string('0', 32) }, ByteTokenizer.Instance, 8)).Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer", Assert.Throws<CorpusException>(() => Corpus.Open(data with { TokenizerHash = new string('0', 32) }, ByteTokenizer.Instance, 8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_was_begun_when_other_files_counted_as_text_goes_on_with_those()
    {
        string book = _temp.Write("d/book.txt", "some text of a book"), record = _temp.Write("d/runs/1/run.json", "{}"), steps = _temp.Write("d/runs/1/steps.jsonl", "{}");
        string packed = _temp.Write("d/x.gz", [0x1f, 0x8b, 1, 2, 3]);
        string all = Hash(book, record, steps, packed), now = Hash(book);
        Assert.Equal(all, Recorded(_temp.File("d"), all));
        Assert.Equal(now, Recorded(_temp.File("d"), now));
        Assert.Equal(Hash(packed), Recorded(packed, Hash(packed)));
        Assert.Equal(Hash(record, steps), Recorded(_temp.File("d/runs/1"), Hash(record, steps)));
        Assert.Throws<CorpusException>(() => Recorded(_temp.File("d"), new string('0', 32)));
    }

    public void Dispose() => _temp.Dispose();

    internal static byte[] Read(Corpus corpus, bool validation, long offset, int count)
    {
        var tokens = new long[count];
        corpus.Read(validation, offset, tokens);
        return [.. tokens.Select(t => checked((byte)t))];
    }

    private static Corpus Open(params string[] paths) => Corpus.Open(new DataSpec { Paths = paths, Binary = true }, ByteTokenizer.Instance, 8);

    private static string Hash(params string[] paths)
    {
        using Corpus corpus = Corpus.Open(new DataSpec { Paths = paths, ValidationShare = 0, Binary = true }, ByteTokenizer.Instance, 1);
        return corpus.Hash;
    }

    private static string Recorded(string path, string hash)
    {
        using Corpus corpus = Corpus.Open(new DataSpec { Paths = [path], ValidationShare = 0, CorpusHash = hash }, ByteTokenizer.Instance, 1);
        return corpus.Hash;
    }
}
