namespace MoeActors.Compute.Data;

/// <summary>Text as tokens: a training part and, after it, a validation part. Implementations may be read from several threads.</summary>
public interface ITokenSource
{
    /// <summary>The tokenizer the tokens are of.</summary>
    ITokenizer Tokenizer { get; }

    /// <summary>Tokens of the training part.</summary>
    long TrainTokens { get; }

    /// <summary>Tokens of the validation part; 0 when there is none.</summary>
    long ValidationTokens { get; }

    /// <summary>Copies tokens from <paramref name="offset"/> of one part on; a read never leaves its part.</summary>
    void Read(bool validation, long offset, Span<long> tokens);
}
