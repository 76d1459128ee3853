namespace MoeActors.Actors.Exchange;

/// <summary>A connection's stream that takes no more than so many bytes until its peer has proven itself. Owns the stream below. One reader and one writer at a time.</summary>
internal sealed class HandshakeStream : Stream
{
    /// <summary>Most bytes of a handshake that shows a chain of certificates.</summary>
    internal const int CertificateLimit = 32 << 10;

    private readonly Stream below;
    private readonly int limit;
    private int left;
    private bool proven;

    internal HandshakeStream(Stream below, int limit) => (this.below, this.limit, left) = (below, limit, limit);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>From here on everything passes.</summary>
    internal void Proven() => Volatile.Write(ref proven, true);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Volatile.Read(ref proven))
        {
            return await below.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }

        int got = await below.ReadAsync(buffer[..Math.Min(buffer.Length, Left())], cancellationToken).ConfigureAwait(false);
        left -= got;
        return got;
    }

    public override int Read(Span<byte> buffer)
    {
        if (Volatile.Read(ref proven))
        {
            return below.Read(buffer);
        }

        int got = below.Read(buffer[..Math.Min(buffer.Length, Left())]);
        left -= got;
        return got;
    }

    public override void Write(ReadOnlySpan<byte> buffer) => below.Write(buffer);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => below.WriteAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => below.FlushAsync(cancellationToken);

    public override void Flush() => below.Flush();

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private int Left() => left > 0 ? left : throw new IOException($"more than {limit} bytes before a proof");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            below.Dispose();
        }

        base.Dispose(disposing);
    }
}
