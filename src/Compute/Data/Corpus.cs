using System.Buffers;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Data;

/// <summary>
/// The text of a run as tokens: a training part and, after it, a validation part, the last share of the text (split by bytes, so that it is the same text
/// whatever the tokenizer). Bytes are read from the files; BPE tokens are encoded once into a cache file and mapped. Thread-safe; dispose when no one reads.
/// </summary>
public sealed class Corpus : ITokenSource, IDisposable
{
    private readonly TextFiles _text;
    private readonly TokenFile? _tokens;

    private Corpus(TextFiles text, ITokenizer tokenizer, TokenFile? tokens, long cut)
    {
        (_text, Tokenizer, _tokens) = (text, tokenizer, tokens);
        TrainTokens = tokens?.TrainTokens ?? cut;
        ValidationTokens = tokens?.ValidationTokens ?? text.Length - cut;
    }

    /// <inheritdoc/>
    public long TrainTokens { get; }

    /// <inheritdoc/>
    public long ValidationTokens { get; }

    /// <summary>Hash (32 hex digits) of the files' order, sizes and contents; their names and folders do not matter.</summary>
    public string Hash => _text.Hash;

    /// <inheritdoc/>
    public ITokenizer Tokenizer { get; }

    /// <summary>Bytes of text, the newlines between files included.</summary>
    public long Bytes => _text.Length;

    /// <summary>Files it is made of.</summary>
    public int Files => _text.Count;

    /// <summary>
    /// Opens <paramref name="data"/>; reads all of the text once (for its hash) and checks the hashes that the record holds, where it holds them.
    /// Throws <see cref="CorpusException"/> naming what is missing, unreadable, changed, or too short for one sequence of context + 1 tokens in a part.
    /// </summary>
    /// <param name="data">Paths, split, and the hashes expected.</param>
    /// <param name="tokenizer">Tokenizer of the run.</param>
    /// <param name="context">Tokens of one sequence.</param>
    /// <param name="cacheFolder">Where encoded text is kept; null = in the user's cache ($XDG_CACHE_HOME, else ~/.cache). It must be this user's alone. Unused for bytes.</param>
    public static Corpus Open(DataSpec data, ITokenizer tokenizer, int context, string? cacheFolder = null)
    {
        SpecException.Require(data.ValidationShare is >= 0 and < 1, "data.validation-share", data.ValidationShare, "at least 0 and below 1");
        SpecException.Require(context >= 1, "model.context", context, "at least 1");
        Expect("tokenizer", data.TokenizerHash, tokenizer.Hash, "use the run's own tokenizer");
        TextFiles text = Text(data);
        TokenFile? tokens = null;
        try
        {
            Expect("data", data.CorpusHash, text.Hash, "put the files back as they were, in the same order, on every node");

            // In decimal, so that 0.1 is a tenth: the same cut for the same share, without binary rounding.
            long cut = (long)Math.Floor(text.Length * (1 - (decimal)data.ValidationShare));
            tokens = tokenizer is ByteTokenizer ? null : TokenCache.Open(text, tokenizer, cut, cacheFolder ?? TokenFolders.Default());
            var corpus = new Corpus(text, tokenizer, tokens, cut);
            corpus.Check(data, context);
            return corpus;
        }
        catch
        {
            tokens?.Dispose();
            text.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Read(bool validation, long offset, Span<long> tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, (validation ? ValidationTokens : TrainTokens) - tokens.Length);
        offset += validation ? TrainTokens : 0;
        if (_tokens is not null)
        {
            _tokens.Read(offset, tokens);
            return;
        }

        byte[] bytes = ArrayPool<byte>.Shared.Rent(tokens.Length);
        _text.Read(offset, bytes.AsSpan(0, tokens.Length));
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = bytes[i];
        }

        ArrayPool<byte>.Shared.Return(bytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tokens?.Dispose();
        _text.Dispose();
    }

    /// <summary>
    /// The files of <paramref name="data"/>. Of a run that exists, the record's hash says which they are: a run that was begun when other files of a folder counted as
    /// text goes on with those.
    /// </summary>
    private static TextFiles Text(DataSpec data)
    {
        if (data.CorpusHash.Length == 0)
        {
            return TextFiles.Open(CorpusFiles.Resolve(data.Paths, data.Binary));
        }

        // The rules of today first: those of then look into run folders that lie below a data folder, and are written to at this moment.
        IReadOnlyList<string>? files = Usable(data);
        TextFiles? text = files is null ? null : TextFiles.Open(files);
        if (text?.Hash == data.CorpusHash)
        {
            return text!;
        }

        TextFiles before;
        try
        {
            before = TextFiles.Open(CorpusFiles.Resolve(data.Paths, CorpusRules.Earlier with { Binary = data.Binary }));
        }
        catch (CorpusException) when (text is not null)
        {
            return text;
        }

        if (text is null || before.Hash == data.CorpusHash)
        {
            text?.Dispose();
            return before;
        }

        before.Dispose();
        return text;
    }

    /// <summary>What counts as data now; null where none of it does.</summary>
    private static IReadOnlyList<string>? Usable(DataSpec data)
    {
        try
        {
            return CorpusFiles.Resolve(data.Paths, new CorpusRules(data.Binary, Refuses: false));
        }
        catch (CorpusException)
        {
            return null;
        }
    }

    private static void Expect(string what, string expected, string actual, string remedy)
    {
        if (expected.Length > 0 && expected != actual)
        {
            throw new CorpusException($"the {what} of this run has hash {expected}, but here it has {actual}: {remedy}");
        }
    }

    private void Check(DataSpec data, int context)
    {
        string first = data.Paths.Count == 1 ? data.Paths[0] : $"{data.Paths[0]} and {data.Paths.Count - 1} more";
        if (TrainTokens <= context)
        {
            throw new CorpusException(
                $"{first}: the training part has {TrainTokens} tokens, fewer than one sequence of model.context + 1 = {context + 1}: give more text or a smaller model.context");
        }

        if (data.ValidationShare > 0 && ValidationTokens <= context)
        {
            throw new CorpusException(
                $"{first}: the validation part (data.validation-share = {data.ValidationShare}) has {ValidationTokens} tokens, fewer than one sequence of model.context + 1 = {context + 1}: "
                + "give more text, a larger share, or 0 to do without validation");
        }
    }
}
