using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Xml;
using System.Xml.Linq;

namespace MoeActors.Compute.Checkpoints.Storage.ObjectStores;

/// <summary>One request to the server.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Key">Object key; "" = the bucket itself.</param>
internal sealed record ObjectRequest(HttpMethod Method, string Key)
{
    public IReadOnlyList<(string Name, string Value)> Query { get; init; } = [];

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    public ArraySegment<byte> Body { get; init; } = ArraySegment<byte>.Empty;
}

/// <summary>
/// The wire of an object store: signs requests, sends them synchronously on the calling thread (which waits for storage anyway; the thread pool is never
/// blocked), repeats what may pass. Thread-safe. Throws <see cref="ObjectStoreException"/>.
/// </summary>
internal sealed class ObjectClient : IDisposable
{
    private readonly ObjectStoreOptions options;
    private readonly string bucket;
    private readonly Uri server;
    private readonly HttpClient http;
    private readonly TimeProvider clock;

    public ObjectClient(ObjectStoreOptions options, string bucket, TimeProvider? clock = null)
    {
        (this.options, this.bucket, this.clock) = (options, bucket, clock ?? TimeProvider.System);
        string endpoint = options.Endpoint.Length > 0 ? options.Endpoint : $"https://s3.{options.Region}.amazonaws.com";
        var given = new Uri(endpoint);
        server = options.PathStyle ? given : new UriBuilder(given) { Host = $"{bucket}.{given.Host}" }.Uri;
        http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectTimeout = options.Timeout,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
            ConnectCallback = (context, _) => ValueTask.FromResult<Stream>(Connect(context.DnsEndPoint)),
        })
        { Timeout = options.Timeout };
    }

    /// <summary>Sends; gives back an answer of success, of 404, or of 412 (a condition that does not hold). The caller disposes of it.</summary>
    public HttpResponseMessage Send(ObjectRequest request)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                HttpResponseMessage answer = http.Send(Message(request), HttpCompletionOption.ResponseHeadersRead);
                if (answer.IsSuccessStatusCode || answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.PreconditionFailed)
                {
                    return answer;
                }

                using (answer)
                {
                    if (!RetryRule.MayPass(answer.StatusCode) || attempt >= options.Attempts)
                    {
                        throw Refused(request, answer);
                    }
                }
            }
            catch (Exception e) when (IsTransport(e))
            {
                if (attempt >= options.Attempts)
                {
                    throw new ObjectStoreException(
                        $"s3://{bucket}/{request.Key}: {server.GetLeftPart(UriPartial.Authority)} does not answer ({Innermost(e)}), {attempt} attempts", null, e);
                }
            }

            Wait(attempt);
        }
    }

    /// <summary>Waits before attempt <paramref name="attempt"/> + 1; for readers that lose a connection in the middle of an answer.</summary>
    public void Wait(int attempt) => Thread.Sleep(RetryRule.Pause(attempt, options.RetryPause, Random.Shared.NextDouble()));

    public int Attempts => options.Attempts;

    /// <summary>Whether it is the connection that failed, not what was asked.</summary>
    public static bool IsTransport(Exception e) => e is HttpRequestException or TaskCanceledException or SocketException || (e is IOException and not ObjectStoreException);

    /// <summary>The answer's body as XML.</summary>
    public XElement Xml(ObjectRequest request, HttpResponseMessage answer)
    {
        try
        {
            using Stream body = answer.Content.ReadAsStream();
            return XElement.Load(body);
        }
        catch (XmlException e)
        {
            throw new ObjectStoreException($"s3://{bucket}/{request.Key}: the server's answer to {request.Method} is no XML; is checkpoint.s3.endpoint an S3 server?", answer.StatusCode, e);
        }
    }

    /// <summary>The sentence for an answer of failure.</summary>
    public ObjectStoreException Refused(ObjectRequest request, HttpResponseMessage answer)
    {
        string detail = "";
        try
        {
            XElement error = Xml(request, answer);
            detail = $" {Value(error, "Code")}: {Value(error, "Message")}".ReplaceLineEndings(" ");
        }
        catch (Exception e) when (e is ObjectStoreException || IsTransport(e))
        {
            // The status alone must do.
        }

        string hint = answer.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized
            ? "; expected checkpoint.s3.access-key, secret-key and region (or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) that may read and write there"
            : "";
        return new ObjectStoreException(
            $"s3://{bucket}/{request.Key}: the server refused {request.Method} with {(int)answer.StatusCode}{detail}{hint}", answer.StatusCode);
    }

    public static string Value(XElement parent, string name) => parent.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value ?? "";

    public void Dispose() => http.Dispose();

    private HttpRequestMessage Message(ObjectRequest request)
    {
        string path = (options.PathStyle ? $"/{RequestSigner.Escape(bucket)}" : "")
            + (request.Key.Length > 0 || !options.PathStyle ? "/" + string.Join('/', request.Key.Split('/').Select(RequestSigner.Escape)) : "");
        string query = RequestSigner.Query(request.Query);
        var message = new HttpRequestMessage(request.Method, new Uri(server, query.Length > 0 ? $"{path}?{query}" : path));
        if (request.Method == HttpMethod.Put || request.Method == HttpMethod.Post)
        {
            message.Content = new ByteArrayContent(request.Body.Array!, request.Body.Offset, request.Body.Count);
        }

        string hash = request.Body.Count == 0 ? RequestSigner.EmptyPayload : Convert.ToHexStringLower(SHA256.HashData(request.Body));
        foreach ((string name, string value) in request.Headers.Concat(
            RequestSigner.Headers(options, request.Method.Method, message.RequestUri!.Authority, path, query, hash, clock.GetUtcNow())))
        {
            // Content-MD5 belongs to the content; all else to the request. Values are ours: not validated again.
            HttpHeaders headers = name == "Content-MD5" ? message.Content!.Headers : message.Headers;
            headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }

    /// <summary>A socket whose reads give up: HttpClient's own time-out ends with the headers.</summary>
    private NetworkStream Connect(DnsEndPoint to)
    {
        int patience = (int)options.Timeout.TotalMilliseconds;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = patience, SendTimeout = patience };
        try
        {
            socket.Connect(to);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e.Message;
}
