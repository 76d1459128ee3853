using System.Text;
using System.Text.Json;
using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Host.Reports;

/// <summary>
/// A JSON object on one line whose last property is a checksum of the line without it: <c>{…,"checksum":"…32 hex…"}</c>. Lines of older builds have none; once a line of a file has
/// one, all after it must.
/// </summary>
internal static class SealedLine
{
    private const string Before = ",\"checksum\":\"", After = "\"}";

    /// <summary>Characters around a checksum that may differ for it still to be known as one: a line of an older build differs in nearly all of them.</summary>
    private const int MostDamaged = 4;

    private static int Tail => Before.Length + Checksums.HexLength + After.Length;

    /// <summary>Seals an object with at least one property, given as text.</summary>
    public static string Seal(string json) => $"{json[..^1]}{Before}{Checksums.Of(Encoding.UTF8.GetBytes(json))}{After}";

    /// <summary>Whether the line has a checksum; throws <see cref="JsonException"/> where it has another than its content, or none though <paramref name="expected"/>.</summary>
    public static bool Check(string line, bool expected)
    {
        int damaged = line.Length <= Tail ? int.MaxValue : Differences(line.AsSpan(line.Length - Tail), Before) + Differences(line.AsSpan(line.Length - After.Length), After);
        if (damaged > MostDamaged)
        {
            return expected ? throw new JsonException("altered: its checksum is gone.") : false;
        }

        if (damaged > 0)
        {
            throw new JsonException("altered where its checksum stands.");
        }

        string stated = line.Substring(line.Length - Tail + Before.Length, Checksums.HexLength), found = Checksums.Of(Encoding.UTF8.GetBytes($"{line[..^Tail]}}}"));
        return stated == found ? true : throw new JsonException($"altered: it states checksum {stated} and has {found}.");
    }

    private static int Differences(ReadOnlySpan<char> text, string expected)
    {
        int differences = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            differences += text[i] == expected[i] ? 0 : 1;
        }

        return differences;
    }
}
