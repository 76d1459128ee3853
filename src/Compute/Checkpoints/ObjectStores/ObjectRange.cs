using System.Net;

namespace MoeActors.Compute.Checkpoints.ObjectStores;

/// <summary>An object open for reading: its length is known, each range is one request.</summary>
internal sealed class ObjectFile(ObjectClient client, string key, long bytes) : IStoredFile
{
    public long Bytes => bytes;

    public IRangeReader Range(long offset, long count) => new ObjectRange(client, key, offset, count);

    public void Dispose()
    {
        // Connections are the client's.
    }
}

/// <summary>A range streamed from the server; a connection lost in the middle is taken up again where it broke.</summary>
internal sealed class ObjectRange(ObjectClient client, string key, long offset, long count) : IRangeReader
{
    private HttpResponseMessage? answer;
    private Stream? body;
    private long done;

    public int Read(Span<byte> into)
    {
        if (done >= count || into.Length == 0)
        {
            return 0;
        }

        for (int attempt = 1; ; attempt++)
        {
            try
            {
                body ??= Ask();
                int n = body?.Read(into[..(int)Math.Min(into.Length, count - done)]) ?? 0;
                if (n > 0 || body is null)
                {
                    done += n;
                    return n;
                }

                throw new HttpIOException(HttpRequestError.ResponseEnded, "the answer ended too early");
            }
            catch (Exception e) when (ObjectClient.IsTransport(e))
            {
                Close();
                if (attempt >= client.Attempts)
                {
                    throw new ObjectStoreException($"{key}: the connection was lost {attempt} times after {done} of {count} bytes ({e.Message})", null, e);
                }

                client.Wait(attempt);
            }
        }
    }

    public void Dispose() => Close();

    /// <summary>The rest of the range; null where the object ends before it.</summary>
    private Stream? Ask()
    {
        var request = new ObjectRequest(HttpMethod.Get, key) { Headers = [("Range", $"bytes={offset + done}-{offset + count - 1}")] };
        try
        {
            answer = client.Send(request);
        }
        catch (ObjectStoreException e) when (e.Status == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            return null;
        }

        return answer.StatusCode switch
        {
            HttpStatusCode.PartialContent => answer.Content.ReadAsStream(),
            HttpStatusCode.NotFound => null,

            // A range that is the whole object may be answered as a whole.
            HttpStatusCode.OK when offset + done == 0 && answer.Content.Headers.ContentLength == count => answer.Content.ReadAsStream(),
            _ => throw new ObjectStoreException($"{key}: the server answered a range with {(int)answer.StatusCode}; a server that honours Range is needed", answer.StatusCode),
        };
    }

    private void Close()
    {
        body?.Dispose();
        answer?.Dispose();
        (body, answer) = (null, null);
    }
}
