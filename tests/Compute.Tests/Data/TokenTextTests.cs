using System.Text;
using CsCheck;
using MoeActors.Compute.Data;

namespace MoeActors.Compute.Tests.Data;

/// <summary>Tokens to text, one at a time.</summary>
public sealed class TokenTextTests
{
    [Fact]
    public void A_token_of_any_length_is_text()
    {
        // "-", "--", "----", …: the longest token has 1,024 bytes.
        var tokens = Enumerable.Range(0, 256).ToDictionary(b => ByteAlphabet.Of((byte)b).ToString(), b => b);
        var merges = new List<string>();
        for (string half = "-"; half.Length < 1024; half += half)
        {
            merges.Add($"{half} {half}");
            tokens.Add(half + half, tokens.Count);
        }

        var tokenizer = new BpeTokenizer(new BpeVocabulary(tokens, merges));
        Assert.Equal(new string('-', 1024), new TokenText(tokenizer).Next(tokenizer.Vocabulary - 1));
    }

    [Fact]
    public void Pieces_make_the_whole_whatever_characters_they_cut() => Gen.String.Sample(text =>
    {
        string whole = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        var pieces = new TokenText(ByteTokenizer.Instance);
        Assert.Equal(whole, string.Concat(ByteTokenizer.Instance.Encode(whole).Select(pieces.Next)));
    });

    [Fact]
    public void An_id_without_text_is_known_as_such()
    {
        var tokens = Enumerable.Range(0, 256).ToDictionary(b => ByteAlphabet.Of((byte)b).ToString(), b => b);
        tokens.Add("ab", 300);
        var tokenizer = new BpeTokenizer(new BpeVocabulary(tokens, ["a b"]));
        Assert.Equal([true, true, false, false, true, false, false], new[] { 0, 255, 256, 299, 300, 301, -1 }.Select(tokenizer.HasText));
        Assert.Equal([true, false, false], new[] { 255, 256, -1 }.Select(ByteTokenizer.Instance.HasText));
    }
}
