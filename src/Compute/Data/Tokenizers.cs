namespace MoeActors.Compute.Data;

/// <summary>Opens tokenizers by what a configuration says.</summary>
public static class Tokenizers
{
    /// <summary>The name of the built-in byte tokenizer.</summary>
    public const string Bytes = "bytes";

    /// <summary>"bytes", or the folder of a BPE tokenizer. Throws <see cref="CorpusException"/> saying what is missing or wrong.</summary>
    public static ITokenizer Open(string spec) => spec == Bytes ? ByteTokenizer.Instance : BpeTokenizer.Load(spec);
}
