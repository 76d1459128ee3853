namespace MoeActors.Host.Reports;

/// <summary>A report, step log or event log that cannot be read or written. The message is a sentence for the user: file, what is wrong, remedy.</summary>
public sealed class ReportException : Exception
{
    /// <summary>An exception whose <paramref name="message"/> is shown as it is.</summary>
    public ReportException(string message)
        : base(message)
    {
    }

    /// <summary>An exception whose <paramref name="message"/> is shown as it is; <paramref name="inner"/> is the cause.</summary>
    public ReportException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>An exception without a message of its own.</summary>
    public ReportException()
    {
    }
}
