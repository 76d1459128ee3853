using System.IO.Hashing;
using System.Text;

namespace MoeActors.Compute.Data;

/// <summary>A text in memory as tokens, cut as a file of the same bytes would be: by bytes, so that it is the same text whatever the tokenizer. Immutable.</summary>
public sealed class TextTokens : ITokenSource
{
    private readonly int[] train, validation;

    /// <summary>Encodes the text.</summary>
    /// <param name="text">At least one sequence of <paramref name="context"/> + 1 tokens in each part.</param>
    /// <param name="tokenizer">How.</param>
    /// <param name="validationShare">Share of the text, at its end, kept for validation: at least 0 and below 1.</param>
    /// <param name="context">Tokens of one sequence.</param>
    /// <exception cref="CorpusException">The text is too short.</exception>
    public TextTokens(string text, ITokenizer tokenizer, double validationShare, int context)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(tokenizer);
        Tokenizer = tokenizer;
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Hash = TextFiles.HashOf([(bytes.LongLength, XxHash128.Hash(bytes))]);
        int cut = (int)Math.Floor(bytes.Length * (1 - (decimal)validationShare));
        (train, validation) = (Encode(bytes.AsSpan(0, cut)), Encode(bytes.AsSpan(cut)));
        foreach ((int[] part, string name) in ((int[], string)[])[(train, "training"), (validation, "validation")])
        {
            if (part.Length <= context && (part == train || validationShare > 0))
            {
                throw new CorpusException($"the text's {name} part has {part.Length} tokens, fewer than one sequence of model.context + 1 = {context + 1}: give more text, a smaller model.context, or another data.validation-share");
            }
        }
    }

    /// <inheritdoc/>
    public ITokenizer Tokenizer { get; }

    /// <summary>Hash (32 hex digits) of the text, as that of a corpus of one file with it.</summary>
    public string Hash { get; }

    /// <inheritdoc/>
    public long TrainTokens => train.Length;

    /// <inheritdoc/>
    public long ValidationTokens => validation.Length;

    /// <inheritdoc/>
    public void Read(bool validation, long offset, Span<long> tokens)
    {
        ReadOnlySpan<int> from = (validation ? this.validation : train).AsSpan(checked((int)offset), tokens.Length);
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = from[i];
        }
    }

    private int[] Encode(ReadOnlySpan<byte> bytes)
    {
        var ids = new List<int>();
        Tokenizer.Encode(bytes, last: true, ids);
        return [.. ids];
    }
}
