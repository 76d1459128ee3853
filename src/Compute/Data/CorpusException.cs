namespace MoeActors.Compute.Data;

/// <summary>Text or tokenizer files that cannot be used. The message is one ready sentence: the file, what is wrong with it, the remedy.</summary>
public sealed class CorpusException : Exception
{
    /// <summary>Creates the exception from one ready sentence.</summary>
    public CorpusException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <summary>Whether <paramref name="e"/> is one of the ways in which a file system refuses.</summary>
    internal static bool IsFileError(Exception e) => e is IOException or UnauthorizedAccessException or NotSupportedException;

    /// <summary>The file system's refusal to read <paramref name="path"/> as one sentence.</summary>
    internal static CorpusException Unreadable(string path, Exception e) =>
        new($"{path}: cannot be read ({Reason(e)}): check that it exists and that this user may read it", e);

    /// <summary>The file system's refusal to write <paramref name="path"/> as one sentence.</summary>
    internal static CorpusException Unwritable(string path, Exception e) =>
        new($"{path}: cannot be written ({Reason(e)}): free space there or name another folder", e);

    private static string Reason(Exception e) => e.Message.TrimEnd('.', ' ');
}
