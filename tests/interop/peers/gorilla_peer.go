// A server and a client made with gorilla/websocket; see tests/interop/programs.py.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// A message that is larger than the write buffer leaves in fragments; compressed ones are small.
const (
	fragment = 256
	whole    = 16 << 20
)

func report(code int, reason string) {
	line, _ := json.Marshal([]interface{}{code, reason})
	fmt.Println(string(line))
}

// WriteMessage may pass over the write buffer, whatever its size.
func send(conn *websocket.Conn, kind int, data []byte, fragmented bool) error {
	if !fragmented {
		return conn.WriteMessage(kind, data)
	}
	writer, err := conn.NextWriter(kind)
	if err != nil {
		return err
	}
	if _, err := writer.Write(data); err != nil {
		return err
	}
	return writer.Close()
}

func handle(writer http.ResponseWriter, request *http.Request) {
	upgrader := websocket.Upgrader{EnableCompression: true, WriteBufferSize: fragment}
	conn, err := upgrader.Upgrade(writer, request, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	query := request.URL.Query()
	if request.URL.Path == "/close" {
		code, _ := strconv.Atoi(query.Get("code"))
		message := websocket.FormatCloseMessage(code, query.Get("reason"))
		conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
	}
	if request.URL.Path == "/ping" {
		conn.SetPongHandler(func(data string) error {
			if data != "are you there" {
				return fmt.Errorf("another pong: %q", data)
			}
			return conn.WriteMessage(websocket.TextMessage, []byte("pong came"))
		})
		conn.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(time.Second))
	}
	for {
		kind, data, err := conn.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			report(closed.Code, closed.Text)
			return
		}
		if err != nil {
			report(1006, err.Error())
			return
		}
		if send(conn, kind, data, request.URL.Path == "/fragment") != nil {
			return
		}
	}
}

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go http.Serve(listener, http.HandlerFunc(handle))
	io.Copy(io.Discard, os.Stdin)
}

type options struct {
	Deflate bool `json:"deflate"`
}

func payload(argument []interface{}) (int, []byte) {
	size := int(argument[1].(float64))
	if argument[0] == "text" {
		return websocket.TextMessage, []byte(strings.Repeat("é", size/2) + strings.Repeat("x", size%2))
	}
	data := make([]byte, size)
	for at := 0; at < size-size%256; at++ {
		data[at] = byte(at % 256)
	}
	return websocket.BinaryMessage, data
}

func converse(url string, script [][]interface{}, chosen options) (*websocket.CloseError, error) {
	size := whole
	for _, step := range script {
		if step[0] == "fragments" {
			size = fragment
		}
	}
	dialer := websocket.Dialer{EnableCompression: chosen.Deflate, WriteBufferSize: size}
	conn, _, err := dialer.Dial(url, nil)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(60 * time.Second))
	for _, step := range script {
		switch step[0] {
		case "echo", "fragments":
			kind, data := payload(step[1].([]interface{}))
			if err := conn.WriteMessage(kind, data); err != nil {
				return nil, err
			}
			back, echoed, err := conn.ReadMessage()
			if err != nil || back != kind || !bytes.Equal(echoed, data) {
				return nil, fmt.Errorf("not what was sent: %v", err)
			}
		case "ping":
			// The pong is handled while the next message is read.
			got := ""
			conn.SetPongHandler(func(data string) error { got = data; return nil })
			conn.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(time.Second))
			conn.WriteMessage(websocket.TextMessage, []byte("after"))
			if _, _, err := conn.ReadMessage(); err != nil || got != "are you there" {
				return nil, fmt.Errorf("no pong: %v, %q", err, got)
			}
		case "close":
			argument := step[1].([]interface{})
			return end(conn, int(argument[0].(float64)), argument[1].(string))
		case "wait":
			return waitForClose(conn)
		}
	}
	return end(conn, 1000, "")
}

func end(conn *websocket.Conn, code int, reason string) (*websocket.CloseError, error) {
	message := websocket.FormatCloseMessage(code, reason)
	conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
	return waitForClose(conn)
}

func waitForClose(conn *websocket.Conn) (*websocket.CloseError, error) {
	_, _, err := conn.ReadMessage()
	closed, ok := err.(*websocket.CloseError)
	if !ok {
		return nil, fmt.Errorf("no close: %v", err)
	}
	return closed, nil
}

func client() {
	decoder := json.NewDecoder(os.Stdin)
	for {
		var url string
		var script [][]interface{}
		var chosen options
		if err := decoder.Decode(&[]interface{}{&url, &script, &chosen}); err != nil {
			return // the end of stdin
		}
		closed, err := converse(url, script, chosen)
		if err != nil {
			line, _ := json.Marshal(err.Error())
			fmt.Println(string(line))
		} else {
			report(closed.Code, closed.Text)
		}
	}
}

func main() {
	if os.Args[1] == "serve" {
		serve()
	} else {
		client()
	}
}
