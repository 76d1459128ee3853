namespace MoeActors.Actors.Exchange;

/// <summary>A connected byte stream: one thread reads, one writes, any may shut it down. Errors are <see cref="IOException"/>.</summary>
internal abstract class Wire : IDisposable
{
    /// <summary>Bytes read, at least 1, all of <paramref name="into"/> if <paramref name="all"/> and the stream lasts; 0 at its end; -1 when none came within the read time limit.</summary>
    internal abstract int Receive(Span<byte> into, bool all);

    /// <summary>Writes all of both.</summary>
    internal abstract void Send(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body);

    /// <summary>Limits of the handshake end, those of a running connection begin.</summary>
    internal abstract void BeginFrames();

    /// <summary>Ends both directions; waiting calls return.</summary>
    internal abstract void Shutdown();

    public abstract void Dispose();
}
