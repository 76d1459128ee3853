using System.Text;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Data;

public sealed class TokenCacheTests : IDisposable
{
    private readonly TemporaryFolder _temp = new();
    private readonly BpeTokenizer _tokenizer;
    private readonly DataSpec _data;

    public TokenCacheTests()
    {
        string[] files = [_temp.Write("a.txt", Prose.Of(2000)), _temp.Write("b.txt", Prose.Of(500, 2))];
        _tokenizer = new BpeTokenizer(BpeTrainer.Train(files, 400));
        _data = new DataSpec { Paths = files };
    }

    private string Cache => _temp.File("cache");

    [Fact]
    public void Each_part_holds_the_ids_of_its_text()
    {
        byte[] text = Encoding.UTF8.GetBytes(File.ReadAllText(_temp.File("a.txt")) + "\n" + File.ReadAllText(_temp.File("b.txt")));
        int cut = (int)(text.Length * 0.9m);
        using Corpus corpus = Open();
        Assert.Equal(Ids(text.AsSpan(0, cut)), Tokens(corpus, validation: false));
        Assert.Equal(Ids(text.AsSpan(cut)), Tokens(corpus, validation: true));
    }

    [Fact]
    public void It_is_encoded_once()
    {
        Open().Dispose();
        string file = Assert.Single(Directory.GetFiles(Cache, "*.tokens"));
        DateTime written = DateTime.UnixEpoch;
        File.SetLastWriteTimeUtc(file, written);
        Open().Dispose();
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));
        Assert.Empty(Directory.GetFiles(Cache, "*.tmp"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(300)]
    [InlineData(-1)]
    public void A_damaged_cache_is_made_anew(int at)
    {
        using Corpus first = Open();
        long[] expected = Tokens(first, validation: false);
        string file = Assert.Single(Directory.GetFiles(Cache, "*.tokens"));
        byte[] bytes = File.ReadAllBytes(file);
        if (at < 0)
        {
            bytes = bytes[..^1];
        }
        else
        {
            bytes[at] ^= 1;
        }

        File.Delete(file);
        File.WriteAllBytes(file, bytes);
        using Corpus second = Open();
        Assert.Equal(expected, Tokens(second, validation: false));
    }

    [Fact]
    public void What_a_killed_encoder_left_is_cleared_away()
    {
        Open().Dispose();
        string file = Assert.Single(Directory.GetFiles(Cache, "*.tokens"));
        File.Move(file, $"{file}.99-abc.tmp");
        Open().Dispose();
        Assert.Empty(Directory.GetFiles(Cache, "*.tmp"));
    }

    [Fact]
    public void Several_at_once_get_the_same_tokens()
    {
        Corpus[] all = new Corpus[6];
        Parallel.For(0, all.Length, new ParallelOptions { MaxDegreeOfParallelism = all.Length, CancellationToken = TestContext.Current.CancellationToken }, i => all[i] = Open());
        long[][] tokens = [.. all.Select(c => Tokens(c, validation: false))];
        Assert.All(tokens, t => Assert.Equal(tokens[0], t));
        Assert.Single(Directory.GetFiles(Cache, "*.tokens"));
        Array.ForEach(all, c => c.Dispose());
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_named()
    {
        string notFolder = _temp.Write("file", "x");
        Assert.Contains(notFolder, Assert.Throws<CorpusException>(() => Corpus.Open(_data, _tokenizer, 8, notFolder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Large_vocabularies_take_four_bytes()
    {
        string path = _temp.File("wide.tokens");
        TokenFile.Write(path, "k", 70000, (validation, write) => write(validation ? [69999] : [1, 65536, 2]));
        using TokenFile file = TokenFile.Open(path, "k")!;
        var tokens = new long[4];
        file.Read(0, tokens);
        Assert.Equal([1, 65536, 2, 69999], tokens);
        Assert.Equal((3, 1), (file.TrainTokens, file.ValidationTokens));
        Assert.Null(TokenFile.Open(path, "other"));
    }

    public void Dispose() => _temp.Dispose();

    private static long[] Tokens(Corpus corpus, bool validation)
    {
        var tokens = new long[validation ? corpus.ValidationTokens : corpus.TrainTokens];
        corpus.Read(validation, 0, tokens);
        return tokens;
    }

    private Corpus Open() => Corpus.Open(_data, _tokenizer, 8, Cache);

    private IEnumerable<long> Ids(ReadOnlySpan<byte> text)
    {
        var ids = new List<int>();
        _tokenizer.Encode(text, last: true, ids);
        return ids.Select(i => (long)i);
    }
}
