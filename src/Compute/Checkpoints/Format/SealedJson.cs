using System.IO.Hashing;
using System.Text;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>
/// A JSON object whose first property is a checksum of the whole file, at a fixed place: <c>{"checksum":"…32 hex…",…}</c>. The checksum is
/// taken with its own digits as '0', so that a flip of any bit of the file is seen. Place and method hold for every schema version.
/// </summary>
internal static class SealedJson
{
    private static readonly byte[] Prefix = Encoding.ASCII.GetBytes("{\"checksum\":\"");
    private static readonly byte[] Zeros = Encoding.ASCII.GetBytes(new string('0', Checksums.HexLength));

    private static int Head => Prefix.Length + Checksums.HexLength;

    /// <summary>Seals a JSON object given as text that begins with '{' and is not empty.</summary>
    public static byte[] Seal(string json)
    {
        byte[] body = Encoding.UTF8.GetBytes(json);
        byte[] file = [.. Prefix, .. Zeros, (byte)'"', (byte)',', .. body.AsSpan(1)];
        Encoding.ASCII.GetBytes(Checksums.Of(file)).CopyTo(file, Prefix.Length);
        return file;
    }

    /// <summary>Checksum a sealed file states.</summary>
    public static string StatedChecksum(ReadOnlySpan<byte> file) => Encoding.ASCII.GetString(file.Slice(Prefix.Length, Checksums.HexLength));

    /// <summary>Throws <see cref="CheckpointException"/> naming <paramref name="path"/> unless every byte is as it was sealed.</summary>
    public static void Check(ReadOnlySpan<byte> file, string path, string remedy)
    {
        if (file.Length <= Head)
        {
            throw new CheckpointException($"{path}: truncated, {file.Length} bytes are left; {remedy}");
        }

        if (!file.StartsWith(Prefix))
        {
            throw new CheckpointException($"{path}: altered or of another program, it does not begin with its checksum; {remedy}");
        }

        var hash = new XxHash128();
        hash.Append(Prefix);
        hash.Append(Zeros);
        hash.Append(file[Head..]);
        string found = Checksums.Finish(hash), stated = StatedChecksum(file);
        if (found != stated)
        {
            throw new CheckpointException($"{path}: altered or truncated, it states checksum {stated} and has {found}; {remedy}");
        }
    }
}
