using MoeActors.Compute.Files;

namespace MoeActors.Compute.Data;

/// <summary>
/// A copy of a corpus in one file. A run on files that people go on editing (the project's own sources) trains on such a copy: a node that starts again
/// later must find the same text.
/// </summary>
public static class CorpusSnapshot
{
    /// <summary>
    /// Writes <paramref name="files"/>, a newline between two, to <paramref name="target"/> in one move: its text is the one <see cref="Corpus"/> would make of them.
    /// Throws <see cref="CorpusException"/> naming the file that cannot be read or written.
    /// </summary>
    public static void Write(IReadOnlyList<string> files, string target)
    {
        using var text = TextFiles.Open(files);
        try
        {
            PrivateFiles.Replace(target, stream => text.Stream(0, text.Length, (bytes, _) =>
            {
                stream.Write(bytes);
                return bytes.Length;
            }));
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unwritable(target, e);
        }
    }
}
