using System.Text;

namespace MoeActors.Compute.Data;

/// <summary>Tokens to text, one at a time: a token may hold part of a character, which then comes with the token that completes it. Not thread-safe.</summary>
/// <param name="tokenizer">What the tokens are of.</param>
public sealed class TokenText(ITokenizer tokenizer)
{
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();

    /// <summary>The text that is complete with <paramref name="token"/>; empty where it only begins a character. Bytes that are not UTF-8 show as U+FFFD.</summary>
    public string Next(int token)
    {
        byte[] bytes = tokenizer.DecodeBytes([token]);
        char[] characters = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        return new string(characters, 0, decoder.GetChars(bytes, characters, flush: false));
    }
}
