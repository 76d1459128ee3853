using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using MoeActors.Compute.Data;

namespace MoeActors.Compute.Tests.Data;

public class PreTokensTests
{
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    [Fact]
    public void Pieces_are_those_of_the_GPT_2_pattern() => Gen.OneOf(
            Some.Of("'s", "'re", "'ll", "'v", "'", " ", "  ", "\n", "\t ", "\u00a0", "é", "ß", "東", "²", "Ⅷ", "12", "a", "It", "¿", "--", "…", "\u0301", "\u3000"),
            Gen.Char[' ', '~'].Select(c => c.ToString()))
        .Array[0, 40].Select(string.Concat)
        .Sample(text => Assert.Equal(Regex.Matches(text, Gpt2).Select(m => m.Value), Split(Encoding.UTF8.GetBytes(text)).Select(Encoding.UTF8.GetString)), iter: 3000);

    [Fact]
    public void Letters_beyond_the_first_plane_are_letters() =>
        Assert.Equal([" 𝒜𝓑c", "🙂", " 𝟙"], Split(Encoding.UTF8.GetBytes(" 𝒜𝓑c🙂 𝟙")).Select(Encoding.UTF8.GetString));

    [Fact]
    public void Pieces_of_any_bytes_join_to_the_bytes_and_are_bounded() => Gen.OneOf(Gen.Byte.Array[0, 400], Gen.Byte.Select(b => Enumerable.Repeat(b, 5000).ToArray()))
        .Sample(bytes =>
        {
            List<byte[]> pieces = Split(bytes);
            Assert.Equal(bytes, pieces.SelectMany(p => p));
            Assert.All(pieces, p => Assert.InRange(p.Length, 1, PreTokens.MaxBytes));
        }, iter: 300);

    [Fact]
    public void With_the_lookahead_at_hand_what_follows_does_not_matter() =>
        (from unit in Some.Of(" ", "a", " b", "é", "12", "-", "'s", "\n", "東") from n in Gen.Int[300, 1200] from tail in Gen.Byte.Array[0, 20] select (unit, n, tail)).Sample(
            c =>
            {
                byte[] head = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(c.unit, c.n)));
                return head.Length < PreTokens.Lookahead || PreTokens.Next(head.AsSpan(0, PreTokens.Lookahead)) == PreTokens.Next([.. head, .. c.tail]);
            },
            iter: 500);

    private static List<byte[]> Split(byte[] bytes)
    {
        var pieces = new List<byte[]>();
        for (int at = 0; at < bytes.Length; at += pieces[^1].Length)
        {
            pieces.Add(bytes.AsSpan(at, PreTokens.Next(bytes.AsSpan(at))).ToArray());
        }

        return pieces;
    }
}
